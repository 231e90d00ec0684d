import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';

import { isTold, type KnownServer, type Server } from '../../src/servers/server.js';
import { servers } from '../../src/servers/servers.js';
import { projectFolder } from '../support/run-program.js';
import { serverTools } from '../support/server-tools.js';
import { readManifest } from './manifest.js';

/** Those that can be told. */
const toldServers = (servers as readonly KnownServer[]).filter(isTold);

/** The lists of servers that people read: which ones staple from a file, and what a target may be. */
function lists(): { readonly stapling: string; readonly told: string; readonly targets: string } {
  const readme = readFileSync(join(projectFolder, 'README.md'), 'utf8');
  return {
    stapling: /servers that staple from a file: ([^.]*)\./.exec(readme)?.[1] ?? '',
    told: /tells a running ([^|]*), and reads its answer/.exec(readme)?.[1] ?? '',
    targets: /TARGET is ([^(]*)\(/.exec(readManifest().commands['reload']?.description ?? '')?.[1] ?? '',
  };
}

/** Servers of a table that are missing from a list. */
function unlisted(table: readonly Server[]): string[] {
  const { stapling, told, targets } = lists();
  return table
    .filter(({ name, rules }) => {
      const isNamedIn = (list: string): boolean => list.split(/, | or /).some((one) => one.split(/[:[]/)[0] === name);
      const isNamed = targets.split(/[\s,]+/).some((one) => one.split(/[:[]/)[0] === name);
      return !isNamed || (rules !== undefined && !(isNamedIn(stapling) && isNamedIn(told)));
    })
    .map(({ name }) => name);
}

describe('the table of servers', () => {
  it('is what the pages and the help list', () => {
    expect(servers.length).toBeGreaterThan(5);
    expect(unlisted(toldServers)).toEqual([]);
  });

  it('gives each server a name of its own, and an example that its record reads', () => {
    const names = servers.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    for (const server of toldServers) {
      const { name, example } = server;
      expect(example.startsWith(`${name}:`), example).toBe(true);
      expect(server.parse(example.slice(name.length + 1)), example).toBeDefined();
    }
  });
});

describe('the table of bad files', () => {
  const operation = readFileSync(join(projectFolder, 'docs/operation.md'), 'utf8');
  const squeezed = (line: string): string => line.replaceAll(/ +/g, ' ');

  it.each(toldServers.filter(({ rules }) => rules !== undefined).map((server) => [server.name, server]))(
    'has the row of %s as its record says',
    (name, { rules }) => {
      const { expired, foreign, missing, oversized } = rules!.withBadFile;
      const row = `| ${[`${name} ${rules!.measured}`, expired, foreign, missing, oversized].join(' | ')} |`;
      expect(operation.split('\n').map(squeezed)).toContain(row);
    },
  );
});

describe('a server that one more record describes', () => {
  const told: string[] = [];
  const madeUp: Server<string> = {
    name: 'made-up',
    example: 'made-up:here',
    forms: ['made-up:PLACE'],
    needsKey: true,
    parse: (text) => (text === '' ? undefined : text),
    tell: (place, staples) => {
      told.push(`${place} ${staples.length}`);
      return Promise.resolve({ certificates: [] });
    },
    rules: {
      measured: '1.0',
      withBadFile: {
        expired: 'serves it',
        foreign: 'serves it',
        missing: 'does not start',
        oversized: 'serves it',
      },
      laxness: { rule: 'server-checks-nothing', serves: 'anything' },
    },
  };
  const table = '../../src/servers/servers.js';

  afterEach(() => {
    vi.doUnmock(table);
    vi.resetModules();
  });

  it('is a target, is told, needs its key, is one for --for, and is missed in the lists', async () => {
    vi.resetModules();
    vi.doMock(table, () => ({ servers: [...servers, madeUp] }));
    const { parseReloadTarget } = await import('../../src/servers/reload-target.js');
    const { tellAndRemember } = await import('../../src/pipeline/reload/tell-targets.js');
    const { ownProcess } = await import('../../src/library/own-process.js');
    const { tellToolsFrom } = await import('../../src/cli/reload/tell-tools.js');
    const { verifyFlags } = await import('../../src/cli/verify/verify-flags.js');

    const target = parseReloadTarget('made-up:there');
    const tools = { ...serverTools(), ownProcess: ownProcess() };
    expect(await tellAndRemember(target, [], tools)).toMatchObject({ target: 'made-up:there', ok: true });
    expect(told).toEqual(['there 0']);
    expect(() => parseReloadTarget('made-up')).toThrow(
      expect.objectContaining({ code: 'usage', hint: expect.stringContaining('made-up:here') as string }),
    );
    vi.stubEnv('RESTAPLE_DNSDIST_KEY', undefined);
    const flags = {
      'dnsdist-key-file': undefined,
      'reload-timeout': 1000,
      confirm: [],
      json: undefined,
      starttls: undefined,
      'haproxy-config': [],
      'take-over': false,
    };
    const output = { warn: () => undefined } as never;
    expect(() => tellToolsFrom(flags, [target], new AbortController().signal, output)).toThrow(/console key/);
    vi.unstubAllEnvs();
    expect(verifyFlags.for.options).toContain('made-up');
    expect(unlisted([...toldServers, madeUp])).toEqual(['made-up']);
  });
});
