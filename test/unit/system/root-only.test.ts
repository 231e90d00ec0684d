import { once } from 'node:events';
import { chmodSync, chownSync, mkdirSync, symlinkSync } from 'node:fs';
import { createServer } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { changeableByOthers } from '../../../src/system/root-only.js';
import { createTemporaryFolder, type TemporaryFolder } from '../../support/temporary-folder.js';

/** Only root can make files of root's, and give them away. */
const isRoot = process.geteuid?.() === 0;
const nobody = 65_534;

let folder: TemporaryFolder;
let file: string;

beforeEach(() => {
  folder = createTemporaryFolder();
  mkdirSync(folder.at('deep'), { mode: 0o755 });
  file = folder.write('deep/server.conf', 'a file');
});
afterEach(() => folder.remove());

describe.runIf(isRoot)('a file that only root can change', () => {
  it('belongs to root as do all folders above it, of which a sticky one may be open to all', () => {
    expect(changeableByOthers(file)).toBeUndefined();
    expect(changeableByOthers(folder.at('deep'))).toBeUndefined();
    expect(changeableByOthers('/bin/sh')).toBeUndefined();
  });

  it.each([
    ['the file belongs to another user', () => chownSync(file, nobody, 0), /server\.conf belongs to user 65534/],
    ['its group may write it', () => chmodSync(file, 0o664), /others may write .*server\.conf \(mode 0664\)/],
    ['its folder is sticky', () => chmodSync(folder.at('deep'), 0o1777), /others may write .*deep$/],
    ['a folder above belongs to another user', () => chownSync(folder.path, nobody, 0), /belongs to user 65534/],
    ['others may write a folder above', () => chmodSync(folder.path, 0o757), /others may write .* \(mode 0757\)/],
  ])('is not one where %s', (_, change, reason) => {
    change();
    expect(changeableByOthers(file)).toMatch(reason);
  });

  it('is judged on each link that leads to it', () => {
    const link = folder.at('link.conf');
    symlinkSync('deep/../deep/server.conf', link);
    expect(changeableByOthers(link)).toBeUndefined();

    const theirs = folder.at('theirs');
    mkdirSync(theirs, { mode: 0o755 });
    symlinkSync(file, folder.at('theirs', 'hop'));
    chownSync(theirs, nobody, 0);
    symlinkSync('theirs/hop', folder.at('led.conf'));
    expect(changeableByOthers(folder.at('led.conf'))).toMatch(/theirs belongs to user 65534/);

    symlinkSync('circle', folder.at('circle'));
    expect(changeableByOthers(folder.at('circle'))).toContain('too many symbolic links');
  });

  it('is not one that is missing, or named without its whole path', () => {
    expect(changeableByOthers(folder.at('none'))).toContain('it does not exist');
    expect(changeableByOthers('server.conf')).toContain('not an absolute path');
  });

  it('may be of a trusted user too, in a folder that a group of theirs writes, as the socket of a server', async () => {
    const user = { userId: nobody, groupIds: new Set([nobody]) };
    const socket = folder.at('deep', 'server.sock');
    const server = createServer().listen(socket);
    await once(server, 'listening');
    try {
      chownSync(folder.at('deep'), nobody, nobody);
      chmodSync(folder.at('deep'), 0o2775);
      chmodSync(socket, 0o777);
      expect(changeableByOthers(socket)).toMatch(/deep belongs to user 65534/);
      expect(changeableByOthers(socket, [user])).toBeUndefined();
      expect(changeableByOthers(socket, [{ ...user, groupIds: new Set([1]) }])).toMatch(/others may write .*deep/);
      chmodSync(folder.at('deep'), 0o2777);
      expect(changeableByOthers(socket, [user])).toMatch(/others may write .*deep/);
      chmodSync(folder.at('deep'), 0o755);
      chownSync(socket, 1234, 1234);
      expect(changeableByOthers(socket, [user])).toMatch(/server\.sock belongs to user 1234/);
    } finally {
      server.close();
    }
  });
});
