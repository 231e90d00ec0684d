import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

import LongestFirst from './test/support/longest-first.js';
import ProgramsReporter from './test/support/programs-reporter.js';
import { needsAll, programTags, serverTags } from './test/support/programs.js';

const library = ['test/{unit,property,contract,vectors}/**/*.test.ts'];

/** Of each package that is shipped, which takes minutes and the network: `npm run test:packages`. */
const packages = ['test/packaging/packages/**/*.test.ts'];

const testFiles = readdirSync(join(import.meta.dirname, 'test'), { recursive: true, encoding: 'utf8' })
  .map((name) => join('test', name))
  .filter((name) => name.endsWith('.test.ts'))
  .map((name) => ({ name, text: readFileSync(join(import.meta.dirname, name), 'utf8') }));

const namesOf = (pattern: RegExp): string[] =>
  testFiles.filter(({ text }) => pattern.test(text)).map(({ name }) => name);

/** Tests that put something in the place of a module, a timer or a global: `vi` does that, and nothing else here. */
const replacing = namesOf(/\bvi\.\w/);

/** For test/servers/run: only the tests that need a server, out of the files that have some. */
const onlyServers = process.env['RESTAPLE_TEST_SERVERS'] === '1';

const withServers = new RegExp(`(?:tags: .*|@module-tag.*)\\b(?:${serverTags.join('|')}|server)\\b`);

export default defineConfig({
  test: {
    // So long nothing takes on a busy machine: what takes longer hangs.
    testTimeout: 120_000,
    hookTimeout: 60_000,
    expect: { poll: { timeout: 20_000 } },
    // More than there are cores, since many tests wait for servers, timers and other programs.
    maxWorkers: 4,
    env: { NO_COLOR: '1' },
    tags: programTags(),
    ...(onlyServers ? { tagsFilter: [serverTags.join(' || ')] } : {}),
    globalSetup: ['test/support/share-keys.ts'],
    setupFiles: ['test/support/start-keys-anew.ts', ...(needsAll ? ['test/support/fail-without-programs.ts'] : [])],
    sequence: { sequencer: LongestFirst },
    // A file that has not changed is not compiled again.
    experimental: { fsModuleCache: true },
    reporters: [new ProgramsReporter()],
    projects: [
      {
        extends: true,
        // A worker reads the library once and not for each file: these leave their process as they found it.
        test: { name: 'library', include: library, exclude: replacing, isolate: false },
      },
      {
        extends: true,
        // For the same reason, and the processes that run the program are used again by the next file.
        test: {
          name: 'program',
          include: onlyServers ? namesOf(withServers) : ['test/**/*.test.ts'],
          exclude: [...library, ...packages, ...replacing],
          isolate: false,
        },
      },
      { extends: true, test: { name: 'replacing', include: replacing } },
      ...(process.env['RESTAPLE_TEST_PACKAGES'] === '1'
        ? [
            {
              extends: true as const,
              test: { name: 'packages', include: packages, testTimeout: 600_000, hookTimeout: 600_000 },
            },
          ]
        : []),
    ],
  },
});
