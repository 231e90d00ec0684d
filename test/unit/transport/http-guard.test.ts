import { describe, expect, it } from 'vitest';
import { guardedLookup } from '../../../src/transport/guarded-agents.js';
import { addressPolicy } from '../../../src/transport/address-guard.js';
import { failureIn, failureOf, fakeLookup, get, post, startClient, startServer, startTcpServer } from './loopback.js';

/** A URL as a certificate would name it. */
const fromCertificate = (url: string) => get(url, { origin: 'certificate' });

const okServer = () => startServer((_request, response) => response.end('ok'));

describe('a URL from a certificate', () => {
  it.each([
    '127.0.0.1',
    '127.0.0.1.',
    '0x7f.1',
    '2130706433',
    '0177.0.0.1',
    '127.1',
    '[::ffff:127.0.0.1]',
    '0',
    'localhost',
    'localhost.',
  ])('does not lead to this host as %s', async (host) => {
    const server = await okServer();
    const error = await failureOf(startClient().exchange(fromCertificate(`http://${host}:${server.port}/`)));
    expect(error.code).toBe('address-blocked');
    expect(error.hint).toMatch(/--allow-(?:private|address)/);
    expect(server.connections()).toBe(0);
  });

  it('does not lead there by https either', async () => {
    const server = await startTcpServer(() => undefined);
    const client = startClient({ lookup: fakeLookup(['127.0.0.1']) });
    for (const host of ['127.0.0.1', 'ocsp.example.test']) {
      const error = await failureOf(client.exchange(fromCertificate(`https://${host}:${server.port}/`)));
      expect(error.code).toBe('address-blocked');
    }
    expect(server.connections()).toBe(0);
  });

  it('does not lead there through a name, and the error names address, block and flag', async () => {
    const server = await okServer();
    const client = startClient({ lookup: fakeLookup(['127.0.0.1']) });
    const error = await failureOf(client.exchange(fromCertificate(`http://ocsp.example.test:${server.port}/`)));
    expect(error.code).toBe('address-blocked');
    expect(error.message).toBe(
      'ocsp.example.test leads to 127.0.0.1, which is not a public address: loopback, 127.0.0.0/8, RFC 1122',
    );
    expect(error.hint).toContain('--allow-private');
    expect(error.hint).toContain('--allow-address 127.0.0.1');
    expect(server.connections()).toBe(0);
  });

  it('is not fooled by a name that changes its address (DNS rebinding)', async () => {
    const server = await okServer();
    const lookup = fakeLookup(['127.0.0.2'], ['127.0.0.1']);
    const client = startClient({ lookup, allowAddresses: ['127.0.0.2'] });
    const url = `http://ocsp.example.test:${server.port}/`;
    // 127.0.0.2 stands for the public address: allowed, but nothing listens there.
    expect((await failureOf(client.exchange(fromCertificate(url)))).code).toBe('connection-failed');
    expect((await failureOf(client.exchange(fromCertificate(url)))).code).toBe('address-blocked');
    expect(lookup.calls).toBe(2);
    expect(server.connections()).toBe(0);
  });

  it('drops the blocked addresses of a name and uses the others', async () => {
    const server = await okServer();
    const lookup = fakeLookup(['169.254.169.254', '::1', '127.0.0.1']);
    const client = startClient({ lookup, allowAddresses: ['127.0.0.1'] });
    expect((await client.exchange(fromCertificate(`http://ocsp.example.test:${server.port}/`))).status).toBe(200);
  });

  it('tries the next address of a name when one does not answer', async () => {
    const server = await okServer();
    const lookup = fakeLookup(['::1', '127.0.0.2', '127.0.0.1']);
    const client = startClient({ lookup, allowPrivate: true });
    expect((await client.exchange(fromCertificate(`http://ocsp.example.test:${server.port}/`))).status).toBe(200);
  });

  it('is checked again once connected, before the first byte', async () => {
    const server = await startTcpServer(() => undefined);
    // The system connects 0.0.0.0 to loopback: allowed by its own name only, its remote address gives it away.
    const client = startClient({ allowAddresses: ['0.0.0.0'] });
    for (const scheme of ['http', 'https']) {
      const error = await failureOf(client.exchange(fromCertificate(`${scheme}://0.0.0.0:${server.port}/`)));
      expect(error.code).toBe('address-blocked');
      expect(error.message).toContain('127.0.0.1');
    }
    await expect.poll(server.openSockets).toBe(0);
    expect(server.connections()).toBe(2);
    expect(server.received()).toBe('');
  });

  it('is opened by --allow-private and by --allow-address', async () => {
    const server = await okServer();
    const opened = [{ allowPrivate: true }, { allowAddresses: ['127.0.0.0/8'] }, { allowAddresses: ['127.0.0.1'] }];
    for (const options of opened) {
      expect((await startClient(options).exchange(fromCertificate(server.origin))).status).toBe(200);
    }
  });

  it('carries no credentials', async () => {
    const error = await failureOf(startClient().exchange(fromCertificate('http://user:pass@8.8.8.8/')));
    expect(error.code).toBe('malformed-uri');
  });

  it('is refused at once for an --allow-address that is not an address', () => {
    expect(failureIn(() => startClient({ allowAddresses: ['10.0.0.0/99'] })).code).toBe('usage');
  });
});

describe('the operator’s word', () => {
  it('opens its own host and port', async () => {
    const server = await okServer();
    expect((await startClient().exchange(get(server.origin))).status).toBe(200);
  });

  it.each(['http://169.254.169.254/latest/meta-data/', 'http://10.0.0.1/', 'http://[::1]:8080/', 'http://localhost/'])(
    'does not cover a redirect to %s',
    async (location) => {
      const server = await startServer((_request, response) => response.writeHead(307, { Location: location }).end());
      const error = await failureOf(startClient().exchange(post(server.origin, 'DER')));
      expect(error.code).toBe('address-blocked');
      expect(error.message).toContain(`redirected there by 127.0.0.1:${server.port}`);
    },
  );

  it('does not cover another port of the same host', async () => {
    const other = await okServer();
    const server = await startServer((_request, response) => response.writeHead(302, { Location: other.origin }).end());
    expect((await failureOf(startClient().exchange(get(server.origin)))).code).toBe('address-blocked');
    expect(other.connections()).toBe(0);
  });

  it('covers a redirect to its own host and port', async () => {
    const server = await startServer((_request, response, { url }) => {
      if (url === '/end') response.end('ok');
      else response.writeHead(302, { Location: '/end' }).end();
    });
    expect((await startClient().exchange(get(server.origin))).status).toBe(200);
  });

  it('never lends its kept-alive connection to a URL from a certificate', async () => {
    const server = await okServer();
    const client = startClient();
    await client.exchange(get(server.origin));
    expect((await failureOf(client.exchange(fromCertificate(server.origin)))).code).toBe('address-blocked');
    expect(server.seen).toHaveLength(1);

    const open = startClient({ allowPrivate: true });
    await open.exchange(get(server.origin));
    await open.exchange(fromCertificate(server.origin));
    await open.exchange(get(server.origin));
    await open.exchange(fromCertificate(server.origin));
    expect(server.connections()).toBe(3);
  });
});

describe('-4 and -6', () => {
  it('ask only for addresses of that family', async () => {
    const server = await okServer();
    const url = `http://ocsp.example.test:${server.port}/`;
    const lookup = fakeLookup(['::1', '127.0.0.1']);
    expect((await startClient({ lookup, family: 4 }).exchange(get(url))).status).toBe(200);
    const error = await failureOf(startClient({ lookup, family: 6 }).exchange(get(url)));
    expect(error.code).toBe('connection-failed');
    expect(error.message).not.toContain('127.0.0.1');
    const none = await failureOf(startClient({ lookup: fakeLookup(['127.0.0.1']), family: 6 }).exchange(get(url)));
    expect(none).toMatchObject({ code: 'name-not-resolved', message: 'ocsp.example.test has no IPv6 address' });
  });

  it('refuse a literal of the other family', async () => {
    const server = await okServer();
    const error = await failureOf(startClient({ family: 6 }).exchange(get(server.origin)));
    expect(error).toMatchObject({ code: 'name-not-resolved', hint: 'leave -6 out' });
    expect((await startClient({ family: 4 }).exchange(get(server.origin))).status).toBe(200);
  });
});

describe('the guarded lookup', () => {
  const policy = addressPolicy({ allowPrivate: false, allowAddresses: [] });
  const rules = { policy, family: undefined, maximumIdleSockets: 1 };

  it('answers in both forms that sockets ask for, public addresses only', async () => {
    const lookup = guardedLookup({ ...rules, lookup: fakeLookup(['10.0.0.1', '8.8.8.8', '2600::1']) });
    const ask = (all: boolean) => new Promise((resolve) => lookup('x.test', { all }, (...answer) => resolve(answer)));
    expect(await ask(false)).toEqual([null, '8.8.8.8', 4]);
    expect(await ask(true)).toEqual([
      null,
      [
        { address: '8.8.8.8', family: 4 },
        { address: '2600::1', family: 6 },
      ],
    ]);
  });
});
