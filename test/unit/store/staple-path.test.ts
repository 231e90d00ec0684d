import { createHash } from 'node:crypto';
import { basename } from 'node:path';

import { describe, expect, it } from 'vitest';

import { folderOf, nameOf } from '../../../src/core/file-path.js';
import { lockPath, revokedMarkPath, temporaryPath } from '../../../src/store/staple-path.js';

const makers = [temporaryPath, lockPath, revokedMarkPath, (path: string | Buffer) => lockPath(path, 1)];

describe('the dot names beside a staple', () => {
  it('lie in the folder of the staple and start with a dot', () => {
    expect(temporaryPath('/etc/haproxy/site.pem.ocsp')).toBe('/etc/haproxy/.site.pem.ocsp.restaple-tmp');
    expect(lockPath('site.ocsp')).toBe('.site.ocsp.restaple-lock');
    expect(revokedMarkPath('/site.ocsp')).toBe('/.site.ocsp.restaple-revoked');
  });

  it('differ from each other', () => {
    expect(new Set(makers.map((make) => make('/a/b.ocsp').toString())).size).toBe(makers.length);
  });

  it('use the hash of a name that would become too long', () => {
    const name = `${'n'.repeat(250)}.ocsp`;
    const hash = createHash('sha256').update(name).digest('hex');
    expect(temporaryPath(`/a/${name}`)).toBe(`/a/.${hash}.restaple-tmp`);
    for (const make of makers) expect(basename(make(`/a/${name}`).toString()).length).toBeLessThanOrEqual(255);
  });

  it('keep a name of exactly the longest length unhashed', () => {
    const name = 'n'.repeat(255 - 1 - '.restaple-tmp'.length);
    expect(nameOf(temporaryPath(name))).toHaveLength(255);
    expect(temporaryPath(name).toString()).toContain('nnn');
  });

  it('keep bytes that are not UTF-8', () => {
    const path = temporaryPath(Buffer.from('/a/\xff\xfe.ocsp', 'latin1'));
    expect(path).toEqual(Buffer.from('/a/.\xff\xfe.ocsp.restaple-tmp', 'latin1'));
  });
});

describe('the folder of a path', () => {
  it('is the current one for a bare name and the root for a name in the root', () => {
    expect(folderOf('site.ocsp')).toBe('.');
    expect(folderOf('/site.ocsp')).toBe('/');
    expect(folderOf('/a/b/site.ocsp')).toBe('/a/b');
  });
});
