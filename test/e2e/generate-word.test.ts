import { afterAll, beforeAll, expect, it } from 'vitest';

import { runInTerminal } from '../support/run-in-terminal.js';
import { runRestaple } from '../support/run-program.js';
import { createGenerateScene, indexLine, signedAt, type GenerateScene } from './support/generate-scene.js';

let scene: GenerateScene;
beforeAll(() => {
  scene = createGenerateScene();
});
afterAll(() => scene.folder.remove());

const words = (...more: string[]): string[] => [
  ...['generate', '--at', signedAt.toISOString(), ...scene.caFlags, ...more],
  scene.certificate,
];
const line = /status good is only assumed: no --status, --index or --crl/;

it('generate without a source of status says so on a terminal, and only there', { tags: 'python3' }, async () => {
  const { exitCode, received } = await runInTerminal(words(), { columns: 200 });
  expect(exitCode).toBe(0);
  expect(received).toMatch(line);
  const index = scene.folder.write('index.txt', `${indexLine('V', '0a01')}\n`);
  for (const source of [
    ['--status', 'good'],
    ['--index', index],
  ]) {
    expect((await runInTerminal(words(...source), { columns: 200 })).received).not.toMatch(line);
  }
  expect(await runRestaple(words())).toMatchObject({ exitCode: 0, stderr: '' });
  expect((await runRestaple(words('--verbose'))).stderr).toMatch(line);
});
