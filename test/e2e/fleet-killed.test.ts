import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { lstatSync, mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, it } from 'vitest';

import { programPath } from '../support/run-program.js';
import { readableModule } from '../support/readable-copy.js';
import { dueStaple, good, leftoversIn, readIfThere, withFleet } from './support/fleet-under-faults.js';
import { fetchJson } from './support/fetch-scene.js';

const childScript = readableModule(join(import.meta.dirname, 'support', 'refreshing-child.ts'));

const certificates = 30;
/** A few instants of many, unless all the time in the world is given: `npm run test:long`. */
const [killsOfThePasses, killsOfTheProgram] = process.env['RESTAPLE_TEST_LONG'] === '1' ? [200, 8] : [18, 2];
const atOnce = 3;

/** The same numbers in every run (a linear congruential generator, as in Numerical Recipes). */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

it(`is killed ${killsOfThePasses + killsOfTheProgram} times at any instant: each staple is whole, old or new, and the next run leaves nothing behind`, async () => {
  await withFleet(async (fleet) => {
    const { authority, responder, folder, issuer } = fleet;
    const whole = new Set<string>();
    responder.behaviour = good(authority, (_path, bytes) => whole.add(sha256(bytes)));
    const random = seeded(5);
    const folders = Array.from({ length: atOnce }, (_, number) => folder.at(`fleet-${number}`));
    const staples = folders.map((path) => {
      mkdirSync(path);
      return Array.from({ length: certificates }, (_, index) => {
        const { staple, issued } = fleet.add(`${path.slice(folder.path.length + 1)}/${index}`);
        const old = dueStaple(authority, issued);
        whole.add(sha256(old));
        writeFileSync(staple, old);
        return staple;
      });
    });
    const torn: string[] = [];
    const said = new Set<string>();
    let left = killsOfThePasses;
    let leftovers = 0;

    const killAgainAndAgain = async (number: number): Promise<void> => {
      while (left > 0) {
        left -= 1;
        const isProgram = left < killsOfTheProgram;
        const args = isProgram
          ? [programPath, 'fetch', '--force', '--allow-private', '--issuer', issuer, folders[number]!]
          : [childScript, folders[number]!, issuer];
        // The passes have begun by then; the program is met anywhere, from its start to after its end.
        for (const line of await killed(args, isProgram ? undefined : 'begins', random() * (isProgram ? 500 : 30))) {
          said.add(line);
        }
        leftovers += leftoversIn(folders[number]!).length;
        for (const staple of staples[number]!) {
          const bytes = readIfThere(staple);
          if (bytes === undefined || !whole.has(sha256(bytes))) torn.push(staple);
        }
      }
    };
    left += killsOfTheProgram;
    await Promise.all(folders.map((_, number) => killAgainAndAgain(number)));

    expect(torn).toEqual([]);
    expect([...said]).toEqual([]);
    // Else nothing of this was met in the middle of a write.
    expect(leftovers).toBeGreaterThan(0);
    for (const path of folders) {
      ageEmptyLocks(path);
      const { exitCode, records } = await fetchJson(['--issuer', issuer, path]);
      expect({ exitCode, records: records.length }).toEqual({ exitCode: 0, records: certificates });
      expect(leftoversIn(path)).toEqual([]);
    }
  });
}, 600_000);

/** Starts a program, waits for a line of it where one is named, kills it that much later; what else it said. */
async function killed(args: readonly string[], begins: string | undefined, milliseconds: number): Promise<string[]> {
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = once(child, 'close');
  let output = '';
  const hasBegun = new Promise<void>((resolve) => {
    if (begins === undefined) resolve();
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString();
      if (begins !== undefined && output.startsWith(begins)) resolve();
    });
    child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.on('close', () => resolve());
  });
  await hasBegun;
  await new Promise((resolve) => setTimeout(resolve, milliseconds));
  child.kill('SIGKILL');
  await ended;
  return output.split('\n').filter((line) => line !== '' && line !== begins);
}

/** A run killed between the creation of a lock and its first byte leaves one that nobody can be named for: it holds for two seconds. */
function ageEmptyLocks(folder: string): void {
  const longAgo = new Date(Date.now() - 3_000);
  for (const name of leftoversIn(folder)) {
    const path = join(folder, name);
    if (lstatSync(path).size === 0) utimesSync(path, longAgo, longAgo);
  }
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
