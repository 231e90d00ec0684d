import { randomBytes } from 'node:crypto';
import { createServer, type AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';

import { openDnsdistConsole } from '../../../../src/servers/dnsdist/console.js';
import { startFakeDnsdist, type FakeDnsdist, type FakeDnsdistOptions } from '../../../support/fake-dnsdist.js';

const key = new Uint8Array(32).fill(7);
const otherKey = new Uint8Array(32).fill(8);
const fakes: FakeDnsdist[] = [];

async function fakeDnsdist(options: FakeDnsdistOptions = {}): Promise<FakeDnsdist> {
  const fake = await startFakeDnsdist({ key, ...options });
  fakes.push(fake);
  return fake;
}

afterEach(async () => {
  await Promise.all(fakes.splice(0).map((fake) => fake.stop()));
});

/** 00, 01, 02 … and 80, 81, 82 …, as the vectors have them. */
const counting = (count: number, first = 0): Uint8Array => Uint8Array.from({ length: count }, (_, i) => first + i);

function limits(timeoutMilliseconds = 10_000, signal = new AbortController().signal) {
  return { timeoutMilliseconds, signal };
}

const open = (fake: Pick<FakeDnsdist, 'address'>, milliseconds?: number, withKey = key) =>
  openDnsdistConsole(fake.address, withKey, limits(milliseconds), randomBytes);

/** Everything a reader could see of a failure. */
const shown = (error: unknown): string => {
  const { message, hint } = error as { message: string; hint: string };
  return `${message} ${hint}`;
};

async function failureOf(promise: Promise<unknown>): Promise<{ code: string; message: string; hint: string }> {
  try {
    await promise;
  } catch (error) {
    return error as { code: string; message: string; hint: string };
  }
  throw new Error('nothing failed');
}

describe('the frames of the console', () => {
  it('are those that dnsdist with libsodium sends and takes', async () => {
    const fake = await fakeDnsdist({
      nonce: counting(24, 0x80),
      reply: (command) => (command === 'reloadAllCertificates()' ? 'dnsdist 1.7.3\n' : ''),
    });
    const connection = await openDnsdistConsole(fake.address, key, limits(), (count) => counting(count));
    expect(connection.build).toBe('libsodium');
    expect(await connection.run('reloadAllCertificates()')).toBe('dnsdist 1.7.3\n');
    connection.close();
    expect(fake.received).toEqual([
      '000000106d420ee6b4cb8505f97d7e8af744d338',
      '00000027a1155b11797705d913c877a2596257da4d9fa4d3f31cdedbc5c19bf423a0cf8e48a3bfb0b6c504',
    ]);
    expect(fake.sent).toEqual([
      '00000010f29621b97ec7d583c7d3b8de4de73599',
      '0000001e33a2dd16e656c1b1897184480e3e3859e9e1f0db2d9d1afe6115e51ced7f',
    ]);
  });

  it('are those that dnsdist with libcrypto takes, over a second connection', async () => {
    const fake = await fakeDnsdist({ build: 'libcrypto', nonce: counting(12, 0x80), reply: () => 'dnsdist 2.1.3\n' });
    const connection = await openDnsdistConsole(fake.address, key, limits(), (count) => counting(count));
    expect(connection.build).toBe('libcrypto');
    expect(await connection.run('reloadAllCertificates()')).toBe('dnsdist 2.1.3\n');
    connection.close();
    expect(fake.received).toEqual([
      '00000010d5ae4d8baf80a6f94ad0c5d64a5291de',
      '00000027eecffa573195e97e106cd0430da91f0bdfe405c321e597d231e93a1683ad23a304af71e501fdec',
    ]);
    expect(fake.connections()).toBe(2);
  });

  it.each(['libsodium', 'libcrypto'] as const)(
    'keep in step with dnsdist (%s) where the first four octets of the nonces overflow',
    async (build) => {
      const length = build === 'libsodium' ? 24 : 12;
      const fake = await fakeDnsdist({
        build,
        nonce: new Uint8Array(length).fill(0xff),
        reply: (command) => command.repeat(2),
      });
      const connection = await openDnsdistConsole(fake.address, key, limits(), (count) =>
        new Uint8Array(count).fill(0xff),
      );
      expect([await connection.run('a'), await connection.run('b'), await connection.run('c')]).toEqual([
        'aa',
        'bb',
        'cc',
      ]);
      connection.close();
    },
  );

  it.each(['libsodium', 'libcrypto'] as const)('are put together from single octets (%s)', async (build) => {
    const fake = await fakeDnsdist({ build, dribbles: true, reply: () => 'größer\n'.repeat(20) });
    const connection = await open(fake);
    expect(await connection.run('x')).toBe('größer\n'.repeat(20));
    connection.close();
  });

  it('are told apart where dnsdist with libcrypto hangs over the longer nonce', async () => {
    const fake = await fakeDnsdist({ build: 'libcrypto', mishap: 'hangs-over-half-a-nonce', reply: () => 'hello' });
    const connection = await open(fake);
    expect(connection.build).toBe('libcrypto');
    expect(await connection.run('x')).toBe('hello');
    connection.close();
  });

  it('carry replies of a mebibyte', async () => {
    const reply = 'x'.repeat(1024 * 1024);
    const connection = await open(await fakeDnsdist({ reply: () => reply }));
    expect(await connection.run('x')).toBe(reply);
    connection.close();
  });
});

describe('a console that cannot be used', () => {
  it.each(['libsodium', 'libcrypto'] as const)('with another key (%s) is authentication-failed', async (build) => {
    const fake = await fakeDnsdist({ build });
    const failure = await failureOf(open(fake, undefined, otherKey));
    expect(failure.code).toBe('authentication-failed');
    expect(failure.hint).toContain('setKey');
    expect(fake.commands.filter((command) => command !== '')).toEqual([]);
  });

  it.each(['closes-at-once', 'resets-at-once'] as const)('that %s is permission-denied', async (mishap) => {
    const failure = await failureOf(open(await fakeDnsdist({ mishap })));
    expect(failure.code).toBe('permission-denied');
    expect(failure.hint).toContain('addConsoleACL');
  });

  it('that is not there is target-unreachable', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    const failure = await failureOf(open({ address: { host: '127.0.0.1', port } }));
    expect(failure.code).toBe('target-unreachable');
    expect(failure.message).toBe(`nothing listens at 127.0.0.1:${port}`);
    expect(failure.hint).toContain('controlSocket');
  });

  it.each(['silent-at-once', 'silent-after-nonce'] as const)('that stays %s is timeout', async (mishap) => {
    const fake = await fakeDnsdist({ mishap });
    const failure = await failureOf(open(fake, 200));
    expect(failure.code).toBe('timeout');
    expect(failure.message).toContain('200 ms');
  });

  it('that gives half a nonce and nothing more is timeout, as a libsodium build is to a short nonce', async () => {
    const fake = await fakeDnsdist({ nonce: counting(20, 0x80) });
    expect((await failureOf(open(fake, 800))).code).toBe('timeout');
  });

  it('without encryption is refused before anything is said', async () => {
    const fake = await fakeDnsdist({ build: 'none' });
    const failure = await failureOf(open(fake));
    expect(failure.code).toBe('unexpected-reply');
    expect(failure.message).toContain('without encryption');
    expect(fake.commands).toEqual([]);
  });

  it.each(['greets-like-ssh', 'answers-like-http'] as const)('because it %s is unexpected-reply', async (mishap) => {
    const failure = await failureOf(open(await fakeDnsdist({ mishap })));
    expect(failure.code).toBe('unexpected-reply');
    expect(failure.message).toContain('is not a dnsdist console');
  });

  it.each(['announces-a-huge-reply', 'announces-a-short-reply'] as const)(
    'that %s is unexpected-reply',
    async (mishap) => {
      expect((await failureOf(open(await fakeDnsdist({ mishap })))).code).toBe('unexpected-reply');
    },
  );

  it('is not even asked with a key of the wrong size', async () => {
    const fake = await fakeDnsdist();
    const failure = await failureOf(open(fake, undefined, new Uint8Array(31)));
    expect(failure.code).toBe('key-invalid');
    expect(fake.connections()).toBe(0);
  });
});

describe('a command', () => {
  it.each([
    ['silent-after-ping', 'timeout'],
    ['closes-after-ping', 'connection-lost'],
    ['spoils-replies', 'unexpected-reply'],
  ] as const)('to a console that is %s ends as %s', async (mishap, code) => {
    const connection = await open(await fakeDnsdist({ mishap }), code === 'timeout' ? 3000 : undefined);
    expect((await failureOf(connection.run('showVersion()'))).code).toBe(code);
    connection.close();
  });

  it('ends as interrupted when the run is', async () => {
    const fake = await fakeDnsdist({ mishap: 'silent-after-ping' });
    const interrupt = new AbortController();
    const connection = await openDnsdistConsole(fake.address, key, limits(20_000, interrupt.signal), randomBytes);
    const running = connection.run('showVersion()');
    interrupt.abort();
    expect((await failureOf(running)).code).toBe('interrupted');
    connection.close();
    expect(
      (await failureOf(openDnsdistConsole(fake.address, key, limits(20_000, interrupt.signal), randomBytes))).code,
    ).toBe('interrupted');
  });
});

describe('the texts of failures', () => {
  it('never show the key', async () => {
    const secrets = [Buffer.from(otherKey).toString('base64'), Buffer.from(otherKey).toString('hex')];
    for (const options of [{}, { mishap: 'closes-at-once' }, { mishap: 'silent-at-once' }] as const) {
      const failure = await failureOf(open(await fakeDnsdist(options), 200, otherKey));
      for (const secret of secrets) expect(shown(failure)).not.toContain(secret);
    }
  });
});
