import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { programPath } from '../test/support/run-program.js';
import {
  createServerScene,
  startSceneDnsdist,
  startSceneHaproxy,
  type ServerScene,
  type Site,
} from '../test/support/servers/server-scene.js';
import { median, type Row } from './table.js';

const run = promisify(execFile);

const runs = 15;
const boundMilliseconds = 150;

/**
 * One `restaple fetch --reload --confirm` that replaces a staple, tells a running server and proves it by a handshake: what it takes
 * beyond the start of the process (`restaple --help`), the request to a responder on loopback included. Medians over runs that alternate.
 */
export async function benchReload(): Promise<Row[]> {
  const scene = await createServerScene();
  const stops: (() => Promise<void>)[] = [];
  try {
    const site = scene.issue('site');
    const haproxy = await startSceneHaproxy(scene, site.certificate);
    stops.push(haproxy.stop);
    const dnsdist = await startSceneDnsdist(scene, site);
    stops.push(dnsdist.stop);
    const subjects: Subject[] = [
      { name: 'haproxy', words: ['--reload', haproxy.target, '--confirm', haproxy.place] },
      {
        name: 'dnsdist',
        words: ['--reload', dnsdist.target, '--dnsdist-key-file', dnsdist.keyFile, '--confirm', dnsdist.place],
      },
    ];
    return await measure(scene, site, subjects);
  } finally {
    for (const stop of stops) await stop();
    await scene.clear();
  }
}

interface Subject {
  readonly name: string;
  readonly words: readonly string[];
}

async function measure(scene: ServerScene, site: Site, subjects: readonly Subject[]): Promise<Row[]> {
  const fetch = ['fetch', '--force', '--allow-private', site.certificate];
  const beyond = new Map(subjects.map(({ name }): [string, number[]] => [name, []]));
  // One more than counted: the first warms the file cache.
  for (let number = 0; number <= runs; number += 1) {
    const start = await timeOf(['--help']);
    for (const { name, words } of subjects) {
      const before = scene.staple(site);
      const time = await timeOf([...fetch, ...words]);
      if (scene.staple(site).equals(before)) throw new Error('nothing was written');
      if (number > 0) beyond.get(name)?.push(time - start);
    }
  }
  return subjects.map(({ name }) => {
    const milliseconds = median(beyond.get(name) ?? []);
    return {
      what: `fetch, write, reload ${name} and confirm one certificate, beyond the start`,
      measured: `${Math.round(milliseconds)} ms`,
      bound: `${boundMilliseconds} ms`,
      isMet: milliseconds <= boundMilliseconds,
    };
  });
}

/** Milliseconds of a whole run, which has to end with 0. */
async function timeOf(words: readonly string[]): Promise<number> {
  // NODE_EXTRA_CA_CERTS makes Node read a whole bundle at every start.
  const environment = { ...process.env };
  delete environment['NODE_EXTRA_CA_CERTS'];
  const started = performance.now();
  await run(process.execPath, [programPath, ...words], { env: environment });
  return performance.now() - started;
}
