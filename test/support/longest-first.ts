import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Test files that take ten seconds and more, often in waits: begun last, they would run on when all others are through. */
const long = [
  'e2e/fleet-faults',
  'e2e/fetch-watch',
  'e2e/ocsp-compared',
  'e2e/fetch-many-files',
  'e2e/serve',
  'e2e/generate-round-trip',
  'e2e/fleet-politeness',
  'e2e/verify-for',
  'e2e/reload-per-source',
  'e2e/ocsp-client',
  'e2e/interoperability',
  'e2e/on-commands',
  'e2e/config-check',
  'e2e/private-pki-page',
  'contract/reused-process',
  'unit/transport/http-client',
  'unit/core/sign-response',
  'property/hostile-bytes',
];

/** Those of the program before those of the library, which are short and fill what is left at the end. */
const projects = ['program', 'replacing', 'library'];

/** The files of one project one after the other, as the processes that run them go from one to the next. */
export default class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    return sorted.sort((one, other) => projectRank(one) - projectRank(other) || lengthRank(one) - lengthRank(other));
  }
}

function projectRank({ project }: TestSpecification): number {
  return projects.indexOf(project.name);
}

function lengthRank({ moduleId }: TestSpecification): number {
  const place = long.findIndex((name) => moduleId.endsWith(`/test/${name}.test.ts`));
  return place < 0 ? long.length : place;
}
