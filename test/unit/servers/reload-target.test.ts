import { describe, expect, it } from 'vitest';

import { OcspError } from '../../../src/core/index.js';
import { parseReloadTarget, parseTcpAddress, splitWords } from '../../../src/servers/reload-target.js';

describe('a reload target', () => {
  it.each([
    ['haproxy:/run/haproxy/admin.sock', { kind: 'haproxy', address: { path: '/run/haproxy/admin.sock' } }],
    ['haproxy:127.0.0.1:9999', { kind: 'haproxy', address: { host: '127.0.0.1', port: 9999 } }],
    ['haproxy:[::1]:9999', { kind: 'haproxy', address: { host: '::1', port: 9999 } }],
    [
      'haproxy:@1:/run/haproxy-master.sock',
      { kind: 'haproxy', worker: '@1', address: { path: '/run/haproxy-master.sock' } },
    ],
    [
      'haproxy:@!4711:/run/haproxy-master.sock',
      { kind: 'haproxy', worker: '@!4711', address: { path: '/run/haproxy-master.sock' } },
    ],
    ['dnsdist:127.0.0.1:5200', { kind: 'dnsdist', address: { host: '127.0.0.1', port: 5200 } }],
    ['dnsdist:dns.example', { kind: 'dnsdist', address: { host: 'dns.example', port: 5199 } }],
    ['nginx', { kind: 'nginx', pidFile: '/run/nginx.pid' }],
    ['nginx:/srv/nginx.pid', { kind: 'nginx', pidFile: '/srv/nginx.pid' }],
    ['hitch', { kind: 'hitch', pidFile: '/run/hitch/hitch.pid' }],
    ['lighttpd:', { kind: 'lighttpd', pidFile: '/run/lighttpd.pid' }],
    ['systemd:nginx@a.service', { kind: 'systemd', unit: 'nginx@a.service' }],
    ["exec:deploy --to 'web server'", { kind: 'exec', argv: ['deploy', '--to', 'web server'] }],
  ])('is read from %s', (text, expected) => {
    expect(parseReloadTarget(text)).toEqual({ text, ...expected });
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

describe('a TCP address', () => {
  it.each(['::1:80', 'a b:80', '[::1]x:80', 'host:', 'host:123456', ':80', '[]:80'])('is not %j', (text) => {
    expect(parseTcpAddress(text, undefined)).toBeUndefined();
  });

  it('takes the usual port where none is written', () => {
    expect(parseTcpAddress('[fe80::1]', 443)).toEqual({ host: 'fe80::1', port: 443 });
  });
});

describe('words by the quoting rules of the shell', () => {
  it.each([
    ['a b\tc\n d', ['a', 'b', 'c', 'd']],
    ["'a b' c", ['a b', 'c']],
    ['"a b" c', ['a b', 'c']],
    [`pre'fix 'ed"and more"`, ['prefix edand more']],
    [String.raw`'\n' "\n" \n`, [String.raw`\n`, String.raw`\n`, 'n']],
    [String.raw`"\"\\\$\`" \"`, ['"\\$`', '"']],
    [String.raw`a\ b`, ['a b']],
    [`'' ""`, ['', '']],
    ['$HOME `id` $(id) * ~ ; & | >', ['$HOME', '`id`', '$(id)', '*', '~', ';', '&', '|', '>']],
    ['   ', []],
    ['', []],
  ])('%j are %j', (text, words) => {
    expect(splitWords(text)).toEqual(words);
  });

  it.each(["'", "a 'b", '"', 'a "b', String.raw`"a\"`, 'a\\'])('%j has an open quote', (text) => {
    expect(splitWords(text)).toBeUndefined();
  });
});
