import { afterEach, describe, expect, it } from 'vitest';

import { decodeResponse, isResponse } from '../../../../src/core/index.js';
import { pushToHaproxy } from '../../../../src/servers/haproxy/push.js';
import type { HaproxyPlace } from '../../../../src/servers/haproxy/place.js';
import { haproxy as record } from '../../../../src/servers/haproxy/server.js';
import { openHaproxySession } from '../../../../src/servers/haproxy/session.js';
import { slotKey } from '../../../../src/servers/haproxy/slots.js';
import {
  resultOf,
  type ReloadLimits,
  type StapleToPush,
  type TargetResult,
} from '../../../../src/servers/reload-result.js';
import { startFakeHaproxy, type FakeCommand, type FakeHaproxy, type FakeReply } from '../../../support/fake-haproxy.js';
import { buildOcspResponse, responseTimes } from '../../../support/ocsp-response.js';
import { createCertificateAuthority } from '../../../support/pki.js';
import { isStapleInHaproxy } from '../../../support/servers/haproxy-staples.js';
import { stapleToPush } from '../../../support/staple-to-push.js';

const authority = createCertificateAuthority();

function stapleFor(certificatePath: string): StapleToPush {
  const issued = authority.issue({ commonName: certificatePath, subjectAltNames: ['site.example'] });
  const bytes = buildOcspResponse({
    signer: authority,
    responses: [{ certId: { issuer: authority, serialNumber: issued.serialNumber } }],
  });
  const { nextUpdate } = responseTimes;
  return stapleToPush({ certificatePath, issued, issuer: authority, bytes, nextUpdate });
}

const [first, second, third] = [stapleFor('/certs/a.pem'), stapleFor('/certs/b.pem'), stapleFor('/certs/c.pem')];
const keyOf = (staple: StapleToPush): string => slotKey(staple.certId);
const base64Of = ({ bytes }: StapleToPush): string => Buffer.from(bytes).toString('base64');

let fake: FakeHaproxy | undefined;

afterEach(async () => {
  await fake?.close();
  fake = undefined;
});

type Answers = (one: FakeCommand) => FakeReply | undefined;

/** A haproxy 3.2 that has a place for each staple and keeps what is set; `special` answers before it. */
async function start(
  special: Answers = () => undefined,
  { slots = [first, second, third] } = {},
): Promise<FakeHaproxy> {
  const held = new Map<string, string>();
  fake = await startFakeHaproxy((one) => special(one) ?? ordinary(one));
  return fake;

  function ordinary({ command, payload = '' }: FakeCommand): FakeReply {
    if (command === 'show ssl ocsp-response') {
      const entries = slots.map((staple) => `Certificate ID key : ${keyOf(staple)}\nCertificate path : x`);
      // Without a single one there is no title either.
      return entries.length === 0 ? '' : ['# Certificate IDs', ...entries, ''].join('\n');
    }
    if (command === 'show ssl ocsp-updates') return 'OCSP Certid | Path | Next Update\n';
    if (command === 'set ssl ocsp-response') {
      const owner = slots.find((staple) => base64Of(staple) === payload);
      if (owner !== undefined) held.set(keyOf(owner), payload);
      return 'OCSP Response updated!\n';
    }
    const key = /^show ssl ocsp-response base64 ([0-9a-f]+)$/.exec(command)?.[1];
    return key === undefined ? 'Unknown command, but maybe' : (held.get(key) ?? '');
  }
}

const limits: ReloadLimits = { timeoutMilliseconds: 5000, signal: new AbortController().signal };

function placeOf({ address }: FakeHaproxy): HaproxyPlace {
  return record.parse(address)!;
}

function push(haproxy: FakeHaproxy, staples: readonly StapleToPush[], within = limits): Promise<TargetResult> {
  const tools = { limits: within, now: () => responseTimes.now };
  return resultOf(`haproxy:${haproxy.address}`, staples, () => pushToHaproxy(placeOf(haproxy), staples, tools));
}

const is =
  (command: string) =>
  (one: FakeCommand): boolean =>
    one.command === command;
const setting = is('set ssl ocsp-response');

describe('pushing into haproxy', () => {
  it('asks as little as it can, over one connection', async () => {
    const haproxy = await start();
    expect(await push(haproxy, [first, second])).toMatchObject({ ok: true });
    expect(haproxy.connections()).toBe(1);
    expect(haproxy.commands.map(({ command }) => command)).toEqual([
      'show ssl ocsp-updates',
      'show ssl ocsp-response',
      'show info',
      'set ssl ocsp-response',
      `show ssl ocsp-response base64 ${keyOf(first)}`,
      'show ssl crt-list',
      'set ssl ocsp-response',
      `show ssl ocsp-response base64 ${keyOf(second)}`,
    ]);
  });

  it('compares the bytes where haproxy shows them', async () => {
    const haproxy = await start(({ command }) => (command.includes('base64') ? base64Of(second) : undefined));
    expect(await push(haproxy, [first])).toMatchObject({
      ok: false,
      certificates: [{ ok: false, code: 'other-staple' }],
    });
    expect(await isStapleInHaproxy(placeOf(haproxy), first, limits)).toBe(false);
    expect(await isStapleInHaproxy(placeOf(haproxy), second, limits)).toBe(true);
  });

  it('says so where haproxy took a staple that it does not show', async () => {
    const haproxy = await start(({ command }) => (command.includes(keyOf(first)) ? '' : undefined));
    expect(await push(haproxy, [first])).toMatchObject({
      ok: true,
      certificates: [{ ok: true, message: expect.stringContaining('could not be compared') as string }],
    });
    expect(await isStapleInHaproxy(placeOf(haproxy), first, limits)).toBe(false);
  });

  it('reads a signature as the older openssl prints it', async () => {
    const text = (signature: string): string =>
      `OCSP Response Data:\n    This Update: Jan  1 00:00:00 2026 GMT\n    Signature Algorithm: ecdsa-with-SHA256\n         ${signature}\n`;
    let shown = '';
    const haproxy = await start(({ command }) => {
      if (command.includes('base64')) return 'Certificate ID does not match any certificate.';
      return command.endsWith(keyOf(first)) ? shown : undefined;
    });
    shown = text('30:44:02:20');
    expect(await isStapleInHaproxy(placeOf(haproxy), first, limits)).toBe(false);
    shown = text(printedSignature(first));
    expect(await isStapleInHaproxy(placeOf(haproxy), first, limits)).toBe(true);
  });

  it.each([
    ['2.6.12-1+deb12u4', 2, '2.6.12'],
    ['3.0.11-1+deb13u4', 4, '3.0.11'],
    ['3.2.21', 2, '3.2.21'],
    ['3.2.22', 2, undefined],
    ['3.4.2-1', 2, '3.4.2'],
    ['3.4.2-1', 1, undefined],
    ['3.4.3', 2, undefined],
    ['3.4-dev3', 2, '3.4-dev3'],
    ['3.5-dev5', 2, undefined],
    ['4.0.0', 2, undefined],
    ['unheard of', 2, undefined],
  ])(
    'warns where haproxy %s with %i threads cannot set a staple that a handshake reads',
    async (version, threads, named) => {
      const info = `Name: HAProxy\nVersion: ${version}\nNbthread: ${threads}\n`;
      const haproxy = await start(({ command }) => (command === 'show info' ? info : undefined));
      const { ok, findings } = await push(haproxy, [first, second]);
      expect(ok).toBe(true);
      const finding = {
        rule: 'staple-race',
        severity: 'info',
        message: expect.stringContaining(`haproxy ${named} `) as string,
      };
      expect(findings).toEqual(named === undefined ? undefined : [expect.objectContaining(finding)]);
    },
  );

  it('warns before it takes over from the updater of haproxy, and pushes', async () => {
    const haproxy = await start(({ command }) => {
      if (command === 'show info') return 'Version: 3.4.2\nNbthread: 2\n';
      return command === 'show ssl ocsp-updates'
        ? `OCSP Certid | Path\n${keyOf(first)} | /certs/a.pem | 30/Jan/2026:00:08:09 +0000 | - | 0 | 3 | 2 | HTTP error\n`
        : undefined;
    });
    const tools = { limits, now: () => responseTimes.now, takesOver: true };
    const { certificates, findings } = await pushToHaproxy(placeOf(haproxy), [first], tools);
    expect(certificates[0]!.ok).toBe(true);
    expect(findings).toMatchObject([{ rule: 'staple-race' }]);
  });

  it('does not set what haproxy has already, unless its file has changed', async () => {
    const haproxy = await start();
    const sets = (): number => haproxy.commands.filter(setting).length;
    const unchanged = { ...first, isChanged: false };
    await push(haproxy, [unchanged]);
    expect(sets()).toBe(1);
    expect(await push(haproxy, [unchanged])).toMatchObject({ ok: true, certificates: [{ ok: true }] });
    expect(sets()).toBe(1);
    await push(haproxy, [first]);
    expect(sets()).toBe(2);
  });

  it('is refused by the sockets of 3.4 that are not for admins', async () => {
    const haproxy = await start((one) => (setting(one) ? '[err]: Permission denied' : undefined));
    const result = await push(haproxy, [first]);
    expect(result).toMatchObject({ ok: false, certificates: [{ code: 'permission-denied' }] });
    expect(result.error).toBeUndefined();
  });

  it('goes on with the next one over a new connection where haproxy cuts one off', async () => {
    const haproxy = await start((one) => (one.payload === base64Of(first) ? { fault: 'reset' } : undefined));
    expect(await push(haproxy, [first, second])).toMatchObject({
      ok: false,
      certificates: [{ code: 'connection-lost' }, { ok: true }],
    });
    expect(haproxy.connections()).toBe(2);
  });

  it('gives up where haproxy cuts off two in a row', async () => {
    const haproxy = await start((one) => (setting(one) ? { fault: 'reset' } : undefined));
    const lost = { ok: false, code: 'connection-lost' };
    expect(await push(haproxy, [first, second, third])).toMatchObject({
      certificates: [lost, lost, lost],
      error: { code: 'connection-lost' },
    });
    expect(haproxy.connections()).toBe(2);
  });

  it('gives up at the first silence', async () => {
    const haproxy = await start((one) => (setting(one) ? { fault: 'silence' } : undefined));
    expect(await push(haproxy, [first, second], { ...limits, timeoutMilliseconds: 1500 })).toMatchObject({
      ok: false,
      certificates: [{ code: 'timeout' }, { code: 'timeout' }],
      error: { code: 'timeout', message: expect.stringContaining('set ssl ocsp-response') as string },
    });
    expect(haproxy.connections()).toBe(1);
  });

  it('reads the last words of a haproxy that closes after them', async () => {
    const lastWords = 'The command is too big for the buffer size. Please change tune.bufsize in the configuration\n';
    const haproxy = await start((one) => (one.payload === base64Of(first) ? { lastWords } : undefined));
    expect(await push(haproxy, [first, second])).toMatchObject({
      certificates: [{ code: 'too-large' }, { ok: true }],
    });
  });

  it('does not take half of a list for the whole', async () => {
    const haproxy = await start((one) =>
      is('show ssl ocsp-response')(one) ? { lastWords: '# Certificate IDs\nCertificate ID key : 30' } : undefined,
    );
    expect(await push(haproxy, [first])).toMatchObject({ certificates: [{ code: 'connection-lost' }] });
  });

  it('stops reading an answer without end', async () => {
    const haproxy = await start((one) => (setting(one) ? 'x'.repeat(33 * 1024 * 1024) : undefined));
    const patient = { ...limits, timeoutMilliseconds: 60_000 };
    expect(await push(haproxy, [first], patient)).toMatchObject({ certificates: [{ code: 'unexpected-reply' }] });
  });

  it('shows an answer that nobody knows', async () => {
    const haproxy = await start((one) => (setting(one) ? '[3]: Come back later.' : undefined));
    expect(await push(haproxy, [first])).toMatchObject({
      certificates: [{ code: 'unexpected-reply', message: 'haproxy answered: Come back later.' }],
    });
  });

  it.each([
    ['3.2', '  - Pool buffer (65536 bytes) : 11 allocated'],
    ['3.4, with the alignment', '  - Pool buffer (65536 bytes/64) : 11 allocated'],
    ['3.0, merged under another name', '  - Pool quic_conn_r (65536 bytes) : 2\n  - Pool trash (65568 bytes) : 1'],
  ])('reads the size of a larger buffer as %s shows it', async (_version, pools) => {
    const haproxy = await start(({ command }) => (command === 'show pools' ? `${pools}\n` : undefined));
    const session = openHaproxySession(placeOf(haproxy), limits);
    const setOf = (octets: number): Promise<string> =>
      session.ask('set ssl ocsp-response', { payload: 'x'.repeat(octets) });
    expect(await setOf(20_000)).toContain('updated');
    await expect(setOf(65_536)).rejects.toMatchObject({ code: 'too-large' });
    session.close();
  });

  it('ends a wait where the run is interrupted', async () => {
    const controller = new AbortController();
    const haproxy = await start((one) => {
      if (!setting(one)) return undefined;
      controller.abort();
      return { fault: 'silence' };
    });
    await expect(push(haproxy, [first], { ...limits, signal: controller.signal })).rejects.toMatchObject({
      code: 'interrupted',
    });
  });
});

describe('a certificate without a place for its staple', () => {
  const fingerprinted =
    (answers: Answers): Answers =>
    (one) => {
      const answer = answers(one);
      if (answer !== undefined) return answer;
      if (one.command === 'show ssl cert') return '# filename\n/certs/a.pem\n';
      if (one.command === 'show ssl cert /certs/a.pem') return 'Filename: /certs/a.pem\nSerial: 0102\n';
      return undefined;
    };

  it('that haproxy runs under its old serial is named', async () => {
    const haproxy = await start(
      fingerprinted(() => undefined),
      { slots: [] },
    );
    expect(await push(haproxy, [first])).toMatchObject({
      certificates: [{ code: 'server-runs-older-certificate', message: expect.stringContaining('0102') as string }],
    });
  });

  it('that haproxy runs under its old serial is named by a relative name too', async () => {
    const haproxy = await start(
      ({ command }) => {
        if (command === 'show ssl cert') return '# filename\na.pem\nother/a.pem\n';
        const names = 'Subject Alternative Name: DNS:example.test, DNS:site.example\n';
        return command.startsWith('show ssl cert ') ? `Serial: 0102\n${names}` : undefined;
      },
      { slots: [] },
    );
    expect(await push(haproxy, [first])).toMatchObject({
      certificates: [
        { code: 'server-runs-older-certificate', message: expect.stringContaining('under a.pem') as string },
      ],
    });
  });

  it('is recognised by its serial where haproxy shows no fingerprint, and a failed commit is taken back', async () => {
    const serial = first.certificate.serialNumber.toUpperCase();
    const haproxy = await start(
      fingerprinted(({ command }) => {
        if (command === 'show ssl cert /certs/a.pem') return `Filename: /certs/a.pem\nSerial: ${serial}\n`;
        if (command === 'set ssl cert /certs/a.pem.ocsp') return 'Transaction created for certificate /certs/a.pem!';
        if (command.startsWith('commit'))
          return "Committing /certs/a.pem\nIt is impossible to compute the OCSP certificate ID\nCan't commit";
        return command.startsWith('abort') ? 'Transaction aborted for certificate /certs/a.pem!' : undefined;
      }),
      { slots: [] },
    );
    expect(await push(haproxy, [first])).toMatchObject({ certificates: [{ code: 'no-slot' }] });
    expect(haproxy.commands.at(-1)!.command).toBe('abort ssl cert /certs/a.pem');
  });

  it('gets it where the run is interrupted meanwhile, and nothing is said after that', async () => {
    const serial = first.certificate.serialNumber.toUpperCase();
    const controller = new AbortController();
    const haproxy = await start(
      fingerprinted(({ command }) => {
        if (command === 'show ssl cert /certs/a.pem') return `Filename: /certs/a.pem\nSerial: ${serial}\n`;
        if (command === 'set ssl cert /certs/a.pem.ocsp') {
          controller.abort();
          return 'Transaction created for certificate /certs/a.pem!';
        }
        return command.startsWith('commit') ? 'Committing /certs/a.pem.\nSuccess!' : undefined;
      }),
      { slots: [] },
    );
    await expect(push(haproxy, [first], { ...limits, signal: controller.signal })).rejects.toMatchObject({
      code: 'interrupted',
    });
    // What was written before the connection closed would be here by then.
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(haproxy.commands.at(-1)!.command).toBe('commit ssl cert /certs/a.pem');
  });

  it("is not committed together with somebody else's change", async () => {
    const serial = first.certificate.serialNumber.toUpperCase();
    const haproxy = await start(
      fingerprinted(({ command }) => {
        if (command === 'show ssl cert /certs/a.pem') return `Filename: /certs/a.pem\nSerial: ${serial}\n`;
        return command === 'set ssl cert /certs/a.pem.ocsp'
          ? 'Transaction updated for certificate /certs/a.pem!'
          : undefined;
      }),
      { slots: [] },
    );
    expect(await push(haproxy, [first])).toMatchObject({ certificates: [{ code: 'no-slot' }] });
    expect(haproxy.commands.some(({ command }) => /^(?:commit|abort)/.test(command))).toBe(false);
  });

  it('never puts a line into a command that came from a file name', async () => {
    const haproxy = await start(
      ({ command }) => (command === 'show ssl cert' ? '# filename\n/certs/\x01.pem\n/certs/a.pem\n' : undefined),
      { slots: [] },
    );
    await push(haproxy, [stapleFor('/certs/a.pem\nshutdown sessions server x')]);
    expect(haproxy.commands.map(({ command }) => command)).toEqual([
      'show ssl ocsp-updates',
      'show ssl ocsp-response',
      'show ssl cert',
      'show ssl cert /certs/a.pem',
    ]);
  });
});

/** The signature of a response as openssl prints it, 18 octets a line. */
function printedSignature({ bytes }: StapleToPush): string {
  const response = decodeResponse(bytes);
  if (!isResponse(response) || response.status !== 'successful') throw new Error('no successful response');
  const lines = Buffer.from(response.basic.signature)
    .toString('hex')
    .match(/.{1,36}/g)!;
  return lines.map((line) => line.match(/../g)!.join(':')).join(':\n         ');
}
