import { afterAll, describe, expect, it } from 'vitest';

import { discoverDnsdist } from '../../../../src/servers/dnsdist/discover.js';
import { createTemporaryFolder } from '../../../support/temporary-folder.js';

const folder = createTemporaryFolder();
afterAll(() => folder.remove());

function discover(text: string): ReturnType<typeof discoverDnsdist> {
  return discoverDnsdist({ configurations: [folder.write('dnsdist.conf', text)] });
}

describe('the configuration of dnsdist', () => {
  it('has certificates and staples in the same order, and a console with its key', () => {
    const { certificates, target, keyFile, remarks } = discover(`
      -- addTLSLocal("0.0.0.0", "/commented.pem", "/x.key")
      --[[ addTLSLocal("0.0.0.0", "/commented too.pem", "/x.key") ]]
      setKey("…") controlSocket('0.0.0.0')
      addTLSLocal("0.0.0.0", {"/rsa.pem", '/ec.pem'}, {"/rsa.key", "/ec.key"},
        { ocspResponses = {"/rsa.ocsp"}, minTLSVersion = "tls1.2", numberOfShards=2 })
      addDOHLocal("[::1]:8443", "/doh.pem", "/doh.key", "/dns-query", {ocspResponses={[[/doh.ocsp]]}})
      addDOHLocal("127.0.0.1:80", nil, nil)
    `);
    expect(certificates).toMatchObject([
      { certificate: '/rsa.pem', stapleFile: '/rsa.ocsp', places: [{ host: '127.0.0.1', port: 853 }] },
      { certificate: '/ec.pem', position: { line: 5 } },
      { certificate: '/doh.pem', stapleFile: '/doh.ocsp', places: [{ host: '::1', port: 8443 }] },
    ]);
    expect(certificates).toHaveLength(3);
    expect(target).toBe('dnsdist:127.0.0.1:5199');
    expect(keyFile).toBe(folder.at('dnsdist.conf'));
    expect(remarks).toEqual([]);
  });

  it('names what would have to be run', () => {
    const { certificates, remarks } = discover('addTLSLocal("0.0.0.0", folder .. "/a.pem", "/a.key")\n');
    expect(certificates).toEqual([]);
    expect(remarks).toMatchObject([{ code: 'not-understood' }]);
    expect(remarks[0]?.message).toContain(':1: the arguments of addTLSLocal');
  });

  it('is read in the files of an included folder', () => {
    folder.write('conf.d/tls.conf', 'addTLSLocal("127.0.0.1:853", "/inner.pem", "/inner.key")');
    const { certificates } = discover(`includeDirectory("${folder.at('conf.d')}")`);
    expect(certificates.map(({ certificate }) => certificate)).toEqual(['/inner.pem']);
  });
});
