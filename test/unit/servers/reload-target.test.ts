import { describe, expect, it } from 'vitest';

import { OcspError } from '../../../src/core/index.js';
import { parseReloadTarget } from '../../../src/servers/reload-target.js';
import type { Server } from '../../../src/servers/server.js';

describe('a reload target', () => {
  it.each([
    ['haproxy:/run/haproxy/admin.sock', 'haproxy', { address: { path: '/run/haproxy/admin.sock' } }],
    ['haproxy:127.0.0.1:9999', 'haproxy', { address: { host: '127.0.0.1', port: 9999 } }],
    ['haproxy:[::1]:9999', 'haproxy', { address: { host: '::1', port: 9999 } }],
    ['haproxy:@1:/run/haproxy-master.sock', 'haproxy', { worker: '@1', address: { path: '/run/haproxy-master.sock' } }],
    [
      'haproxy:@!4711:/run/haproxy-master.sock',
      'haproxy',
      { worker: '@!4711', address: { path: '/run/haproxy-master.sock' } },
    ],
    ['dnsdist:127.0.0.1:5200', 'dnsdist', { host: '127.0.0.1', port: 5200 }],
    ['dnsdist:dns.example', 'dnsdist', { host: 'dns.example', port: 5199 }],
    ['nginx', 'nginx', '/run/nginx.pid'],
    ['nginx:/srv/nginx.pid', 'nginx', '/srv/nginx.pid'],
    ['hitch', 'hitch', '/run/hitch/hitch.pid'],
    ['lighttpd:', 'lighttpd', '/run/lighttpd.pid'],
    ['systemd:nginx@a.service', 'systemd', 'nginx@a.service'],
    ["exec:deploy --to 'web server'", 'exec', ['deploy', '--to', 'web server']],
  ])('is read from %s', (text, name, place) => {
    expect(parseReloadTarget(text)).toEqual({ text, server: expect.objectContaining({ name }) as Server, place });
  });

  it.each([
    '',
    'apache',
    'haproxy',
    'haproxy:',
    'haproxy:localhost',
    'haproxy:localhost:0',
    'haproxy:localhost:65536',
    'dnsdist:',
    'dnsdist:a:b',
    'systemd:',
    'systemd:--force',
    'systemd:a b',
    'systemd:a;reboot',
    'exec:',
    'exec:   ',
    "exec:'open",
  ])('is refused for %j with the way to write it', (text) => {
    const parse = (): unknown => parseReloadTarget(text);
    expect(parse).toThrow(OcspError);
    expect(parse).toThrow(expect.objectContaining({ code: 'usage', hint: expect.stringContaining(':') as string }));
  });
});
