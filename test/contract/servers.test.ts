import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { isTold, type KnownServer, type Server } from '../../src/servers/server.js';
import { servers } from '../../src/servers/servers.js';
import { projectFolder } from '../support/run-program.js';
import { serverTools } from '../support/server-tools.js';
import { readManifest } from './manifest.js';
import { sourceFiles } from './source-files.js';

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

/** What a server is that anybody but its own record names, and why that is right. A folder stands for its files. */
const namedElsewhere: readonly {
  readonly why: string;
  readonly names: readonly string[];
  readonly files: readonly string[];
}[] = [
  {
    why: 'examples in the help of commands, in flags and in messages',
    names: ['haproxy', 'dnsdist', 'nginx', 'hitch'],
    files: ['commands/', 'cli/config/fetch-needs.ts', 'cli/config/schema.ts', 'cli/flags/flag-kinds.ts'],
  },
  {
    why: 'examples in hints',
    names: ['nginx', 'dnsdist'],
    files: ['pipeline/fetch/missing-responder.ts', 'probe/compare-staple.ts', 'servers/command/systemd.ts'],
  },
  {
    why: '--haproxy-config: where haproxy reads its staples from decides where they go and whether they are there',
    names: ['haproxy'],
    files: [
      ...['flags/haproxy-configuration.ts', 'flags/reload-flags.ts', 'fetch/fetch-order.ts', 'fetch/prepare-run.ts'],
      ...['generate/run-generate.ts', 'reload/run-reload.ts', 'reload/tell-tools.ts', 'verify/run-verify.ts'],
      ...['verify/verify-flags.ts'],
    ]
      .map((name) => `cli/${name}`)
      .concat(
        ['server-rules.ts', 'verify-report.ts', 'verify-staple.ts'].map((name) => `pipeline/verify/${name}`),
        'servers/server.ts',
      ),
  },
  {
    why: 'its names of files, which are those of restaple: CERT.ocsp, CERT.issuer, crt-list',
    names: ['haproxy'],
    files: [
      ...['store/staple-location.ts', 'store/staple-path.ts', 'source/certificate-list.ts', 'source/crt-list.ts'],
      ...['source/issuer-finder.ts', 'source/named-source.ts', 'pipeline/fetch/issuer-file.ts'],
      ...['pipeline/fetch/settle.ts', 'pipeline/doctor/renewal-hooks.ts', 'cli/fetch/fetch-flags.ts'],
      ...['cli/manual/configuration-page.ts', 'cli/manual/files-and-variables.ts'],
    ],
  },
  {
    why: 'whose refusals are the reason of a rule for every response',
    names: ['haproxy', 'dnsdist'],
    files: ['core/lint/lightweight-rules.ts', 'core/verify/verify-response.ts', 'store/storable.ts'],
  },
  {
    why: '--dnsdist-key-file and RESTAPLE_DNSDIST_KEY: where its key comes from',
    names: ['dnsdist'],
    files: [
      ...['cli/config/fetch-needs.ts', 'cli/doctor/initial-configuration.ts', 'cli/flags/flag.ts'],
      ...['cli/flags/reload-flags.ts', 'cli/manual/files-and-variables.ts', 'cli/reload/gather-and-tell.ts'],
      ...['cli/reload/reload-at-end.ts', 'cli/reload/tell-tools.ts', 'pipeline/doctor/advice.ts'],
      ...['pipeline/doctor/doctor-report.ts', 'servers/discovery.ts', 'servers/server.ts', 'system/run-command.ts'],
    ],
  },
  { why: 'whose --days and --minutes are those of generate', names: ['dnsdist'], files: ['cli/flags/signer-flags.ts'] },
];

describe('a server', () => {
  /** Ways to tell any server are none, and their names are usual words. */
  const names = servers.map(({ name }) => name).filter((name) => name !== 'systemd' && name !== 'exec');
  const isOwn = (file: string, name: string): boolean =>
    file.startsWith(`servers/${name}/`) || file === `servers/${name}.ts` || file === 'servers/servers.ts';
  const naming = (name: string): string[] =>
    sourceFiles()
      .filter((file) => !isOwn(file.name, name) && file.text.toLowerCase().includes(name))
      .map((file) => file.name);
  const isFor = (entry: string, file: string): boolean =>
    file === entry || (entry.endsWith('/') && file.startsWith(entry));

  it.each(names)('%s is named in its own folder and in the table, and elsewhere for a reason', (name) => {
    const allowed = namedElsewhere.filter((one) => one.names.includes(name)).flatMap(({ files }) => files);
    expect(naming(name).filter((file) => !allowed.some((entry) => isFor(entry, file)))).toEqual([]);
  });

  it('has no reason that is none', () => {
    const idle = namedElsewhere.flatMap(({ names: own, files }) =>
      files.filter((entry) => !own.some((name) => naming(name).some((file) => isFor(entry, file)))),
    );
    expect(idle).toEqual([]);
    expect(names).toEqual(expect.arrayContaining(namedElsewhere.flatMap((one) => one.names)));
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
  const certificate = '/etc/made-up.pem';
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
      takesSha1Only: true,
    },
    servesWithoutFile: () => Promise.resolve({}),
    printedBy: 'made-up --print',
    discoverer: () =>
      Promise.resolve({
        name: 'made-up',
        program: /^made-up$/,
        usualConfiguration: '/etc/made-up.conf',
        configurationsOf: () => [],
        discover: ({ configurations }) => ({
          name: 'made-up',
          configurations,
          certificates: [{ certificate, places: [] }],
          remarks: [],
        }),
        settingFor: (staple) => ({ note: 'add at the end', text: `staple ${staple}` }),
        testCommand: (configuration) => `made-up --test ${configuration}`,
      }),
  };
  const table = '../../src/servers/servers.js';

  afterEach(() => {
    vi.doUnmock(table);
    vi.resetModules();
  });

  beforeEach(() => {
    vi.resetModules();
    vi.doMock(table, () => ({ servers: [...servers, madeUp] }));
  });

  it('is a target, is told, needs its key, is one for --for, and is missed in the lists', async () => {
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

  it('stands in the help', async () => {
    const { default: Reload } = await import('../../src/commands/reload.js');
    const { fetchFlags } = await import('../../src/cli/fetch/fetch-flags.js');
    const { doctorFlags } = await import('../../src/cli/doctor/doctor-flags.js');
    const { default: Doctor } = await import('../../src/commands/doctor.js');
    expect(Reload.description).toContain(', or made-up:PLACE.');
    expect(fetchFlags.withdraw.description).toMatch(/^for .*made-up: remove/);
    expect(fetchFlags.hash.description).toContain('and made-up take only sha1');
    expect(doctorFlags['ask-servers'].description).toContain(', made-up --print)');
    expect(Doctor.args.server.description).toContain(', made-up, or NAME:CONFIGURATION');
  });

  it('is found by doctor, which says how it is told of a staple', async () => {
    const { findServers } = await import('../../src/pipeline/doctor/find-servers.js');
    const { staplePlaceAdvice } = await import('../../src/pipeline/doctor/advice.js');
    const wanted = [{ name: 'made-up', configuration: '/etc/made-up.conf' }];
    const [server] = (await findServers([], wanted, { ...serverTools(), environment: {} })).servers;
    const { discoverer, found } = server!;
    const [used] = found.certificates;
    const advice = staplePlaceAdvice({ server: found, discoverer, used: used! });
    expect(advice).toContainEqual(
      expect.objectContaining({ do: 'edit', file: '/etc/made-up.conf', text: `staple ${certificate}.ocsp` }),
    );
    expect(advice).toContainEqual({ do: 'run', command: 'made-up --test /etc/made-up.conf' });
  });
});
