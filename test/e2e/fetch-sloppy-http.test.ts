import { writeFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';

import { gzip } from '../support/behaviours.js';
import type { Behaviour } from '../support/misbehaving-responder.js';
import { runCommand } from '../support/run-program.js';
import { startDaemon } from '../support/servers/daemon.js';
import { freePort } from '../support/servers/free-port.js';
import { fetchSite, stapleOf, withScene, type Scene } from './support/fetch-scene.js';

const type = 'Content-Type: application/ocsp-response\r\n';

/** These octets in place of an answer; the responder sees who asked, and how often. */
function raw(head: string, body: Uint8Array): Behaviour {
  return ({ socket }) => void socket.end(Buffer.concat([Buffer.from(head, 'latin1'), body]));
}

async function expectTaken(scene: Scene, warning?: RegExp): Promise<void> {
  const { exitCode, record, stderr } = await fetchSite(scene);
  expect({ exitCode, outcome: record.outcome, written: record.written }).toEqual({
    exitCode: 0,
    outcome: 'updated',
    written: true,
  });
  expect(record.warnings ?? []).toEqual(warning === undefined ? [] : [expect.stringMatching(warning)]);
  if (warning !== undefined) expect(stderr).toMatch(warning);
}

describe('an answer whose HTTP is sloppy', () => {
  it.each<[string, (length: number) => string]>([
    ['a folded header', (length) => `HTTP/1.1 200 OK\r\nX-A: a;\r\n\tb\r\n${type}Content-Length: ${length}\r\n\r\n`],
    ['LF alone', (length) => `HTTP/1.1 200 OK\n${type}Content-Length: ${length}\n\n`],
    ['a length twice', (length) => `HTTP/1.1 200 OK\r\n${type}${`Content-Length: ${length}\r\n`.repeat(2)}\r\n`],
    ['a blank before a colon', (length) => `HTTP/1.1 200 OK\r\n${type}Content-Length : ${length}\r\n\r\n`],
  ])('is taken with a warning: %s', async (_title, headOf) => {
    await withScene(async (scene) => {
      const body = stapleOf(scene);
      scene.responder.behaviour = raw(headOf(body.length), body);
      await expectTaken(scene, /breaks the rules of HTTP/);
      const [first, second] = scene.responder.requests;
      expect(scene.responder.requests).toHaveLength(2);
      expect(second?.headers).toEqual({ ...first?.headers, connection: 'close' });
      expect(second?.body).toEqual(first?.body);
    });
  });

  it('is taken with chunks whose sizes are padded', async () => {
    await withScene(async (scene) => {
      const body = stapleOf(scene);
      const head = `HTTP/1.1 200 OK\r\n${type}Transfer-Encoding: chunked\r\n\r\n${body.length.toString(16)}    \r\n`;
      scene.responder.behaviour = raw(head, Buffer.concat([body, Buffer.from('\r\n0\r\n\r\n')]));
      await expectTaken(scene, /padded/);
    });
  });

  it.each<[string, (length: number) => string]>([
    ['lengths that differ', (length) => `Content-Length: ${length}\r\nContent-Length: ${length + 1}\r\n`],
    ['a length beside chunked', (length) => `Content-Length: ${length}\r\nTransfer-Encoding: chunked\r\n`],
  ])('is refused where it says two things of its length: %s', async (_title, fields) => {
    await withScene(async (scene) => {
      const body = stapleOf(scene);
      scene.responder.behaviour = raw(`HTTP/1.1 200 OK\r\n${type}${fields(body.length)}\r\n`, body);
      const { exitCode, record } = await fetchSite(scene);
      expect({ exitCode, code: record.error?.code }).toEqual({ exitCode: 7, code: 'connection-failed' });
    });
  });

  it('is read from an nginx whose header has several lines', { tags: ['nginx'] }, async () => {
    await withScene(async (scene) => {
      const port = await freePort();
      const folder = scene.folder.path;
      const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
        (name) => `${name}_temp_path ${folder};`,
      );
      writeFileSync(
        `${folder}/nginx.conf`,
        `daemon off; pid ${folder}/nginx.pid; events {} http { access_log off; ${temporary.join(' ')}
         server { listen 127.0.0.1:${port}; add_header Content-Security-Policy "default-src 'self';
           img-src *;
           script-src 'none'"; location / { proxy_pass ${scene.responder.url}; } } }`,
      );
      const args = ['-p', folder, '-e', 'stderr', '-c', `${folder}/nginx.conf`];
      const nginx = await startDaemon({ command: 'nginx', debianPackage: 'nginx-light', args, folder, ports: [port] });
      try {
        const { exitCode, record } = await fetchSite(scene, ['--url', `http://127.0.0.1:${port}/`]);
        expect({ exitCode, outcome: record.outcome }).toEqual({ exitCode: 0, outcome: 'updated' });
        expect(record.warnings).toEqual([expect.stringMatching(/a header is folded/)]);
      } finally {
        await nginx.stop();
      }
    });
  });
});

describe('an answer that is packed although nobody asked', () => {
  it('is unpacked', async () => {
    await withScene(async (scene) => {
      scene.responder.behaviour = ({ response }) => {
        const packed = gzipSync(stapleOf(scene));
        response
          .writeHead(200, { 'content-type': 'application/ocsp-response', 'content-encoding': 'gzip' })
          .end(packed);
      };
      await expectTaken(scene, /came compressed \(gzip\)/);
    });
  });

  it('is not a bomb', async () => {
    await withScene(async (scene) => {
      scene.responder.behaviour = gzip(Buffer.alloc(32 * 1024 * 1024));
      const { exitCode, record } = await fetchSite(scene);
      expect({ exitCode, code: record.error?.code }).toEqual({ exitCode: 7, code: 'body-too-large' });
    });
  });
});

it('curl takes them too', { tags: ['curl'] }, async () => {
  await withScene(async (scene) => {
    scene.responder.behaviour = raw('HTTP/1.1 200 OK\nX-A: a\n b\nContent-Length : 2\n\n', Buffer.from('ok'));
    expect((await runCommand('curl', ['-s', scene.responder.url])).stdout).toBe('ok');
  });
});
