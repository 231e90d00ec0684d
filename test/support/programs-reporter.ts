import type { SerializedError } from 'vitest';
import { DefaultReporter, type TestCase, type TestModule, type TestRunEndReason } from 'vitest/node';

import { missingAmong, needsAll, remedyFor, serverTags } from './programs.js';

/** vitest's own output, with the programs for want of which tests were skipped, and in the end how to get them. */
export default class ProgramsReporter extends DefaultReporter {
  override onTestRunEnd(
    modules: readonly TestModule[],
    errors: readonly SerializedError[],
    reason: TestRunEndReason,
  ): void {
    super.onTestRunEnd(modules, errors, reason);
    const skipped = modules.flatMap((module) => [...module.children.allTests('skipped')]);
    const { tagsFilter, testNamePattern } = this.ctx.config;
    const isWanted = ({ tags }: TestCase): boolean =>
      tagsFilter === undefined || tags.some((tag) => serverTags.includes(tag));
    const wanting = skipped
      .filter(isWanted)
      .map(missingFor)
      .filter((names) => names.length > 0);
    if (wanting.length > 0) this.log(summary(wanting));
    // What a name or a tag leaves out was not skipped.
    if (needsAll && skipped.length > 0 && testNamePattern === undefined && tagsFilter === undefined) {
      this.log(`RESTAPLE_TEST_ALL=1 allows no skipped test: ${skipped.length} did not run`);
      process.exitCode = 1;
    }
  }

  override printTestModule(module: TestModule): void {
    super.printTestModule(module);
    const names = new Set([...module.children.allTests('skipped')].flatMap(missingFor));
    if (names.size > 0) this.log(`     skipped what needs ${[...names].sort().join(', ')}`);
  }

  override getTestCaseSuffix(test: TestCase): string {
    const names = missingFor(test);
    return super.getTestCaseSuffix(test) + (names.length > 0 ? ` [needs ${names.join(', ')}]` : '');
  }
}

function missingFor(test: TestCase): string[] {
  return missingAmong(test.tags);
}

function summary(wanting: readonly (readonly string[])[]): string {
  const counts = new Map<string, number>();
  for (const name of wanting.flat()) counts.set(name, (counts.get(name) ?? 0) + 1);
  const reasons = [...counts].sort(([, a], [, b]) => b - a).map(([name, count]) => `${name} (${count})`);
  const tests = wanting.length === 1 ? '1 test was' : `${wanting.length} tests were`;
  return `${tests} skipped for want of ${reasons.join(', ')}; to run the rest: ${remedyFor(counts.keys())}`;
}
