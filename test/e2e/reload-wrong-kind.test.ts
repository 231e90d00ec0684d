import { createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { runRestaple } from '../support/run-program.js';
import { createGenerateScene, generate, signedAt, type GenerateScene } from './support/generate-scene.js';

let scene: GenerateScene;
beforeAll(async () => {
  scene = createGenerateScene();
  await generate([...scene.caFlags, scene.certificate]);
});
afterAll(() => scene.folder.remove());

const reload = (target: string, ...words: string[]) =>
  runRestaple(['reload', '--at', signedAt.toISOString(), target, '--issuer', scene.folder.at('ca.pem'), ...words]);

describe('a reload target whose file has the wrong kind says so', () => {
  it.each([
    ['haproxy with a file', () => `haproxy:${scene.certificate}`, () => `${scene.certificate} is a file, not a socket`],
    ['haproxy with a folder', () => `haproxy:${scene.folder.path}`, () => 'is a folder, not a socket'],
    ['haproxy with a device', () => 'haproxy:/dev/null', () => '/dev/null is a device, not a socket'],
    ["haproxy's master with a file", () => `haproxy:@1:${scene.certificate}`, () => 'is a file, not a socket'],
    ['nginx with a folder', () => `nginx:${scene.folder.path}`, () => 'is a folder, not a file'],
    ['hitch with a device', () => 'hitch:/dev/null', () => 'the pid file /dev/null is a device, not a file'],
    ['lighttpd with a text', () => 'lighttpd:/etc/passwd', () => 'does not hold one process id'],
    ['exec with a folder', () => `exec:${scene.folder.path}`, () => 'is a folder, not a program'],
  ])('%s', async (_, target, message) => {
    const { exitCode, stderr } = await reload(target(), scene.certificate);
    expect(exitCode).toBe(10);
    expect(stderr).toContain(message());
    expect(stderr).toMatch(/\n {2}hint: \S/);
    expect(stderr).not.toMatch(/nobody listens|left that socket behind/);
  });

  it('nginx with a socket', async () => {
    const path = scene.folder.at('s.sock');
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(path, resolve));
    try {
      const { exitCode, stderr } = await reload(`nginx:${path}`, scene.certificate);
      expect(exitCode).toBe(10);
      expect(stderr).toContain(`the pid file ${path} is a socket, not a file`);
    } finally {
      await new Promise((resolve) => server.close(resolve));
    }
  });

  it('haproxy with a file and without a certificate', async () => {
    const { exitCode, stderr } = await reload('haproxy:/etc/passwd');
    expect(exitCode).toBe(2);
    expect(stderr).toContain('/etc/passwd is a file, not a socket');
  });
});
