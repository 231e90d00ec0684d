import { describe, expect, it } from 'vitest';
import {
  type Environment,
  chooseProxy,
  describeProxy,
  proxyFromEnvironment,
  proxyFromFlag,
} from '../../../src/transport/proxy.js';
import { everythingIn, failureIn } from './loopback.js';

function chosen(environment: Environment, url: string): string | undefined {
  return chooseProxy(proxyFromEnvironment(environment), new URL(url))?.url;
}

describe('proxies from the environment', () => {
  it.each<[string, Environment, string, string | undefined]>([
    ['none', {}, 'http://a.example/', undefined],
    ['http_proxy for http', { http_proxy: 'http://p:1' }, 'http://a.example/', 'http://p:1/'],
    ['http_proxy not for https', { http_proxy: 'http://p:1' }, 'https://a.example/', undefined],
    ['https_proxy for https', { https_proxy: 'http://p:1' }, 'https://a.example/', 'http://p:1/'],
    ['upper case', { HTTP_PROXY: 'http://p:1' }, 'http://a.example/', 'http://p:1/'],
    [
      'lower case first',
      { HTTP_PROXY: 'http://up:1', http_proxy: 'http://low:2' },
      'http://a.example/',
      'http://low:2/',
    ],
    ['an empty lower case one', { HTTPS_PROXY: 'http://up:1', https_proxy: '' }, 'https://a.example/', undefined],
    ['HTTP_PROXY in CGI', { HTTP_PROXY: 'http://p:1', REQUEST_METHOD: 'GET' }, 'http://a.example/', undefined],
    ['http_proxy in CGI', { http_proxy: 'http://p:1', REQUEST_METHOD: 'GET' }, 'http://a.example/', 'http://p:1/'],
    ['HTTPS_PROXY in CGI', { HTTPS_PROXY: 'http://p:1', REQUEST_METHOD: 'GET' }, 'https://a.example/', 'http://p:1/'],
    ['all_proxy', { all_proxy: 'http://p:1' }, 'https://a.example/', 'http://p:1/'],
    ['a proxy without scheme', { http_proxy: 'p.example:3128' }, 'http://a.example/', 'http://p.example:3128/'],
    ['an https proxy', { http_proxy: 'https://p.example' }, 'http://a.example/', 'https://p.example/'],
  ])('%s', (_name, environment, url, expected) => expect(chosen(environment, url)).toBe(expected));

  it('does not fail for a proxy that is not used', () => {
    expect(chosen({ https_proxy: 'socks5://p' }, 'http://a.example/')).toBeUndefined();
  });

  it.each(['socks5://p:1080', 'http://', 'http://p:99999', 'http://p:0', 'ftp://p'])(
    'refuses %s as a usage error',
    (text) => {
      expect(failureIn(() => chosen({ http_proxy: text }, 'http://a.example/')).code).toBe('usage');
    },
  );
});

describe('NO_PROXY', () => {
  it.each<[string, string, boolean]>([
    ['*', 'http://a.example/', true],
    ['a.example', 'http://a.example/', true],
    ['A.Example', 'http://a.EXAMPLE./', true],
    ['a.example', 'http://b.a.example/', true],
    ['a.example', 'http://c.b.a.example./', true],
    ['a.example.', 'http://b.a.example/', true],
    ['A.EXAMPLE', 'https://B.a.example/', true],
    ['a.example:8080', 'http://b.a.example:8080/', true],
    ['a.example:8080', 'http://b.a.example/', false],
    ['b.a.example', 'http://a.example/', false],
    ['b\u00fccher.example', 'http://a.xn--bcher-kva.example/', true],
    ['internal_zone', 'http://a.internal_zone/', true],
    ['.', 'http://a.example/', false],
    ['0.2.7', 'http://192.0.2.7/', false],
    ['a.example', 'http://ba.example/', false],
    ['.example', 'http://a.example/', true],
    ['.a.example', 'http://b.a.example/', true],
    ['.a.example', 'http://a.example/', true],
    ['.a.example', 'http://ba.example/', false],
    ['*.a.example', 'http://b.a.example/', true],
    ['a.example:8080', 'http://a.example:8080/', true],
    ['a.example:8080', 'http://a.example/', false],
    ['a.example:80', 'http://a.example/', true],
    ['a.example:443', 'https://a.example/', true],
    ['.example:8080', 'http://a.example:8080/', true],
    [':8080', 'http://a.example:8080/', true],
    [':8080', 'http://a.example/', false],
    ['10.0.0.0/8', 'http://10.1.2.3/', true],
    ['10.0.0.0/8', 'http://0xa.1/', true],
    ['10.0.0.0/8', 'http://11.1.2.3/', false],
    ['10.0.0.0/8', 'http://a.example/', false],
    ['10.0.0.0/8:8080', 'http://10.1.2.3:8080/', true],
    ['10.0.0.0/8:8080', 'http://10.1.2.3/', false],
    ['192.0.2.7', 'http://192.0.2.7/', true],
    ['192.0.2.7', 'http://192.0.2.77/', false],
    ['::1', 'http://[::1]/', true],
    ['[::1]', 'http://[::1]/', true],
    ['[::1]:8080', 'http://[::1]:8080/', true],
    ['[::1]:8080', 'http://[::1]/', false],
    ['fd00::/8', 'http://[fd00::7]/', true],
    ['x.example, ,a.example', 'http://a.example/', true],
    ['x.example a.example', 'http://a.example/', true],
    ['', 'http://a.example/', false],
  ])('"%s" and %s: exempt is %s', (noProxy, url, exempt) => {
    const proxy = chosen({ all_proxy: 'http://p:1', NO_PROXY: noProxy }, url);
    expect(proxy === undefined).toBe(exempt);
  });

  it('in lower case wins', () => {
    expect(chosen({ all_proxy: 'http://p:1', no_proxy: '', NO_PROXY: '*' }, 'http://a.example/')).toBe('http://p:1/');
  });
});

describe('--proxy', () => {
  it('wins over the environment, for both schemes', () => {
    const settings = proxyFromFlag('flag:1', { http_proxy: 'http://env:2', https_proxy: 'http://env:2' });
    expect(chooseProxy(settings, new URL('http://a.example/'))?.url).toBe('http://flag:1/');
    expect(chooseProxy(settings, new URL('https://a.example/'))?.url).toBe('http://flag:1/');
  });

  it('still heeds NO_PROXY, as curl does', () => {
    const settings = proxyFromFlag('http://flag:1', { NO_PROXY: 'a.example' });
    expect(chooseProxy(settings, new URL('http://a.example/'))).toBeUndefined();
  });

  it('means no proxy at all when it is empty', () => {
    const settings = proxyFromFlag('', { http_proxy: 'http://env:2' });
    expect(chooseProxy(settings, new URL('http://a.example/'))).toBeUndefined();
  });

  it('is refused at once when it cannot be used', () => {
    expect(failureIn(() => proxyFromFlag('socks4://p', {})).code).toBe('usage');
  });
});

describe('credentials of a proxy', () => {
  const target = new URL('http://a.example/');

  it.each([
    ['http://us%40er:p%3Ass@p:1', 'us@er:p:ss'],
    ['user:pa:ss@p:1', 'user:pa:ss'],
    ['http://user@p:1', 'user:'],
    ['http://user:p@ss@p:1', 'user:p@ss'],
    ['http://user:100%@p:1', 'user:100%'],
  ])('become a Proxy-Authorization header: %s', (url, decoded) => {
    const proxy = chooseProxy(proxyFromFlag(url, {}), target)!;
    expect(proxy.authorization).toBe(`Basic ${Buffer.from(decoded).toString('base64')}`);
    expect(proxy.url).toBe('http://p:1/');
    expect(describeProxy(proxy)).toBe('http://p:1');
  });

  it.each(['http://hugo:s3cret@', 'http://hugo:s3cret@p:99999', 'socks5://hugo:s3cret@p', 'http://hugo:s3cret@[::x]'])(
    'are in no part of the error about %s',
    (url) => expect(everythingIn(failureIn(() => proxyFromFlag(url, {})))).not.toMatch(/hugo|s3cret/),
  );
});
