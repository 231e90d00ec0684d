import { Parser } from '@oclif/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { BaseCommand } from '../../../../src/cli/base-command.js';
import { fetchSettings, type FetchSettings } from '../../../../src/cli/config/fetch-settings.js';
import { withEnvironment, withoutEnvironment } from '../../../../src/cli/flags/flag.js';
import { fetchFlags } from '../../../../src/cli/fetch/fetch-flags.js';
import { confirmOfRun } from '../../../../src/cli/fetch/fetch-order.js';
import { createTemporaryFolder, type TemporaryFolder } from '../../../support/temporary-folder.js';

let folder: TemporaryFolder;
beforeEach(() => {
  folder = createTemporaryFolder();
});
afterEach(() => folder.remove());

const definitions = { ...withEnvironment(BaseCommand.baseFlags), ...fetchFlags };

interface Layers {
  readonly words?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly file?: string;
}

async function settingsOf({ words = [], env = {}, file }: Layers): Promise<FetchSettings<Record<string, unknown>>> {
  const config = file === undefined ? [] : ['--config', folder.write('restaple.yaml', file)];
  const parsed = await Parser.parse([...config, ...words], { flags: withoutEnvironment(definitions) });
  const owner = { env, geteuid: () => process.geteuid!() };
  return await fetchSettings<Record<string, unknown>>(parsed, definitions, owner, { useDefaultPlace: false });
}

/** A flag, what each source says of it, and the value that its source's text means. */
interface Row {
  readonly flag: string;
  readonly words: readonly string[];
  readonly variable?: string;
  readonly file: string;
  readonly values: {
    readonly flag: unknown;
    readonly environment?: unknown;
    readonly file: unknown;
    readonly default: unknown;
  };
}

const rows: readonly Row[] = [
  {
    flag: 'timeout',
    words: ['--timeout', '1s'],
    variable: '2s',
    file: 'defaults: { timeout: 3s }',
    values: { flag: 1000, environment: 2000, file: 3000, default: 10_000 },
  },
  {
    flag: 'retries',
    words: ['--retries=0'],
    variable: '7',
    file: 'defaults: { retries: 8 }',
    values: { flag: 0, environment: 7, file: 8, default: 2 },
  },
  {
    flag: 'hash',
    words: ['--hash', 'sha1'],
    variable: 'sha256',
    file: 'defaults: { hash: sha256 }',
    values: { flag: 'sha1', environment: 'sha256', file: 'sha256', default: 'sha1' },
  },
  {
    flag: 'fetch-issuer',
    words: ['--no-fetch-issuer'],
    variable: 'yes',
    file: 'defaults: { fetch-issuer: no }',
    values: { flag: false, environment: true, file: false, default: true },
  },
  {
    flag: 'refresh-at',
    words: ['--refresh-at', '10%'],
    variable: '12h',
    file: 'defaults: { refresh-at: 30% }',
    values: {
      flag: { fraction: 0.1 },
      environment: { beforeEndMilliseconds: 43_200_000 },
      file: { fraction: 0.3 },
      default: undefined,
    },
  },
  {
    flag: 'on-failed',
    words: ['--on-failed', 'a'],
    variable: 'b',
    file: 'hooks: { on-failed: c }',
    values: { flag: 'a', environment: 'b', file: 'c', default: undefined },
  },
  {
    flag: 'quiet',
    words: ['--quiet'],
    variable: 'true',
    file: 'defaults: { quiet: true }',
    values: { flag: true, environment: true, file: true, default: false },
  },
  {
    flag: 'header',
    words: ['--header', 'A: 1', '--header', 'B: 2'],
    file: 'defaults: { header: ["C: 3", "D: 4"] }',
    values: {
      flag: [
        ['A', '1'],
        ['B', '2'],
      ],
      file: [
        ['C', '3'],
        ['D', '4'],
      ],
      default: [],
    },
  },
  {
    flag: 'reload',
    words: ['--reload', 'hitch'],
    file: 'reload: nginx',
    values: { flag: ['hitch'], file: ['nginx'], default: [] },
  },
];

describe.each(rows)('--$flag', ({ flag, words, variable, file, values }) => {
  const name = `RESTAPLE_${flag.toUpperCase().replaceAll('-', '_')}`;
  const env = variable === undefined ? {} : { [name]: variable };

  it('on the command line beats the environment and the file', async () => {
    const { flags, settings } = await settingsOf({ words, env, file });
    expect(flags[flag]).toEqual(values.flag);
    expect(settings.get(flag)?.origin).toEqual({ kind: 'flag' });
  });

  it('in the environment, where it takes one value, beats the file', async () => {
    const { flags, settings } = await settingsOf({ env: { [name]: variable ?? 'x' }, file });
    const isRead = variable !== undefined;
    expect(flags[flag]).toEqual(isRead ? values.environment : values.file);
    expect(settings.get(flag)?.origin).toEqual(
      isRead ? { kind: 'environment', variable: name } : { kind: 'file', line: 1 },
    );
  });

  it('in the file beats the default', async () => {
    const { flags, settings } = await settingsOf({ env: { [name]: '' }, file: `\n\n${file}` });
    expect(flags[flag]).toEqual(values.file);
    expect(settings.get(flag)?.origin).toEqual({ kind: 'file', line: 3 });
  });

  it('is the default where nobody says anything', async () => {
    const { flags, configuration } = await settingsOf({});
    expect(flags[flag]).toEqual(values.default);
    expect(configuration).toBeUndefined();
  });
});

describe('a variable', () => {
  it.each([
    ['RESTAPLE_TIMEOUT', '10', 'RESTAPLE_TIMEOUT: "10" is not a duration above zero; for example 10s'],
    ['RESTAPLE_RETRIES', 'many', 'RESTAPLE_RETRIES: expected an integer but received: many'],
    ['RESTAPLE_HASH', 'md5', 'RESTAPLE_HASH: "md5" is not one of sha1, sha256'],
    ['RESTAPLE_NONCE', 'maybe', 'RESTAPLE_NONCE: "maybe" is neither true nor false'],
    ['RESTAPLE_URL', 'ldap://x', expect.stringMatching(/^RESTAPLE_URL: ldap:\/\/x is a ldap URI/) as never],
    ['RESTAPLE_ACCEPT_STATUS', 'bad', expect.stringMatching(/^RESTAPLE_ACCEPT_STATUS: "bad" cannot/) as never],
  ])('with a bad value is named: %s=%s', async (name, value, message) => {
    await expect(settingsOf({ env: { [name]: value } })).rejects.toMatchObject({ code: 'usage', message });
  });

  it('is not looked at where its flag is given, and no variable gives a repeatable flag', async () => {
    const env = { RESTAPLE_HASH: 'md5', RESTAPLE_HEADER: 'x', RESTAPLE_RELOAD: 'x' };
    const { flags } = await settingsOf({ words: ['--hash', 'sha256'], env });
    expect(flags).toMatchObject({ hash: 'sha256', header: [], reload: [] });
  });

  it('names the configuration file', async () => {
    const path = folder.write('other.yaml', 'defaults: { retries: 9 }\n');
    const { flags, configuration } = await settingsOf({ env: { RESTAPLE_CONFIG: path } });
    expect(flags).toMatchObject({ retries: 9, config: path });
    expect(configuration?.file).toBe(path);
  });

  it('exists for every flag that takes one value', () => {
    for (const [name, flag] of Object.entries(definitions)) {
      const expected =
        ('multiple' in flag && flag.multiple) || name === 'help' || name === 'version'
          ? undefined
          : `RESTAPLE_${name.toUpperCase().replaceAll('-', '_')}`;
      expect((flag as { env?: string }).env, name).toBe(expected);
    }
  });
});

describe('of two flags that contradict each other', () => {
  it('the one from the stronger source counts', async () => {
    const file = 'defaults: { quiet: true, ipv4-only: true }\n';
    expect((await settingsOf({ words: ['--verbose', '-6'], file })).flags).toMatchObject({
      quiet: false,
      verbose: true,
      'ipv4-only': false,
      'ipv6-only': true,
    });
    const env = { RESTAPLE_IPV6_ONLY: '1' };
    expect((await settingsOf({ env, file })).flags).toMatchObject({ 'ipv4-only': false, 'ipv6-only': true });
    expect((await settingsOf({ env, file, words: ['-4'] })).flags).toMatchObject({
      'ipv4-only': true,
      'ipv6-only': false,
    });
  });

  it('one that says no contradicts nothing', async () => {
    const { flags } = await settingsOf({ env: { RESTAPLE_VERBOSE: 'no' }, file: 'defaults: { quiet: true }\n' });
    expect(flags).toMatchObject({ quiet: true, verbose: false });
  });

  it('both in one source are a mistake', async () => {
    await expect(settingsOf({ words: ['-4', '-6'] })).rejects.toThrow(/ipv6-only/);
    await expect(settingsOf({ env: { RESTAPLE_IPV4_ONLY: '1', RESTAPLE_IPV6_ONLY: '1' } })).rejects.toMatchObject({
      code: 'usage',
      message: 'RESTAPLE_IPV4_ONLY and RESTAPLE_IPV6_ONLY contradict each other',
    });
    await expect(settingsOf({ file: 'defaults: { ipv4-only: 1, ipv6-only: 1 }\n' })).rejects.toThrow(/:1: /);
  });
});

describe('the places of confirm in a file', () => {
  const setting = { value: [], origin: { kind: 'file', line: 1 } } as const;
  const texts = ['127.0.0.1:443', '/etc/a.pem=127.0.0.1:1#x', '/etc/b.pem=127.0.0.1:2'];

  it('are those of the certificates of the run, by the name that they have there', () => {
    expect(confirmOfRun(texts, setting, () => ['/etc/../etc/b.pem'])).toEqual([
      '127.0.0.1:443',
      '/etc/../etc/b.pem=127.0.0.1:2',
    ]);
  });

  it('on the command line stay as they are, for a mistake there is to be heard of', () => {
    expect(confirmOfRun(texts, { value: [], origin: { kind: 'flag' } }, () => ['/etc/b.pem'])).toEqual(texts);
  });
});
