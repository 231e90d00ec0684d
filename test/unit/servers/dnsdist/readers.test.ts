import { chmodSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { accessByDnsdist, findReaders, packagedReaders, type Reader } from '../../../../src/servers/dnsdist/readers.js';
import { createTemporaryFolder, type TemporaryFolder } from '../../../support/temporary-folder.js';

let folder: TemporaryFolder;
beforeEach(() => {
  folder = createTemporaryFolder();
  chmodSync(folder.path, 0o755);
});
afterEach(() => folder.remove());

const stranger: Reader = { name: '_dnsdist', userId: 64_123, groupIds: new Set([64_124]) };
const kindOf = (path: string, ...readers: Reader[]): string => accessByDnsdist(path, () => readers).kind;

describe('whether dnsdist can read a staple', () => {
  it.each([
    [0o644, 'readable'],
    [0o600, 'unreadable'],
    [0o000, 'unreadable'],
    // An access list might say otherwise, and its mask stands where the group's bits are.
    [0o640, 'unsure'],
  ])('is told by mode %o for a stranger', (mode, kind) => {
    expect(kindOf(folder.write('a.ocsp', 'x', mode), stranger)).toBe(kind);
  });

  it('is told by the group', () => {
    const path = folder.write('a.ocsp', 'x', 0o640);
    expect(kindOf(path, { ...stranger, groupIds: new Set([statSync(path).gid]) })).toBe('readable');
  });

  it('is told by the owner', () => {
    const path = folder.write('a.ocsp', 'x', 0o400);
    expect(kindOf(path, { ...stranger, userId: statSync(path).uid })).toBe('readable');
  });

  it('is told by the folders above', () => {
    const path = folder.write('private/a.ocsp', 'x', 0o644);
    chmodSync(dirname(path), 0o700);
    const access = accessByDnsdist(path, () => [stranger]);
    expect(access).toEqual({
      kind: 'unreadable',
      why: `may not be read by _dnsdist, which dnsdist runs as: ${dirname(path)} has mode 0700`,
    });
  });

  it('is yes for root, whatever the mode', () => {
    expect(kindOf(folder.write('a.ocsp', 'x', 0o000), { name: 'root', userId: 0, groupIds: new Set() })).toBe(
      'readable',
    );
  });

  it('is yes where one of several can', () => {
    const path = folder.write('a.ocsp', 'x', 0o600);
    expect(kindOf(path, stranger, { ...stranger, userId: 0 })).toBe('readable');
    expect(kindOf(path, stranger, stranger)).toBe('unreadable');
  });

  it('is unsure where nobody knows who runs it', () => {
    expect(kindOf(folder.write('a.ocsp', 'x', 0o600))).toBe('unsure');
  });

  it('is not for a file that is not there', () => {
    expect(accessByDnsdist(folder.at('none'), () => [])).toEqual({ kind: 'unreadable', why: 'does not exist' });
  });

  it('does not trust the paths of a process with a root of its own', () => {
    const path = folder.write('a.ocsp', 'x', 0o600);
    expect(kindOf(path, { ...stranger, userId: 0, root: folder.path })).toBe('readable');
  });
});

describe('who runs dnsdist', () => {
  it('is told by the accounts that packages create', () => {
    const accounts =
      'root:x:0:0:root:/root:/bin/sh\n_dnsdist:x:104:107::/nonexistent:/usr/sbin/nologin\ndnsdistx:x:9:9::/:/\n';
    const groups = 'root:x:0:\nssl-cert:x:108:nginx,_dnsdist\nother:x:109:x_dnsdist\n_dnsdist:x:107:\n';
    expect(packagedReaders(accounts, groups)).toEqual([
      { name: '_dnsdist', userId: 104, groupIds: new Set([107, 108]) },
    ]);
    expect(packagedReaders('', '')).toEqual([]);
  });

  it('is found without throwing on any machine', () => {
    for (const { userId } of findReaders()) expect(userId).toBeTypeOf('number');
  });
});
