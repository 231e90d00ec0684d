import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  lchownSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { pinFile, pinFolder, UntrustedPathError } from '../../../src/system/pinned-folder.js';
import { projectFolder } from '../../support/run-program.js';
import { createTemporaryFolder, type TemporaryFolder } from '../../support/temporary-folder.js';

const self = process.geteuid?.() ?? 0;
const runsAsRoot = self === 0;
const tenant = 1234;
const otherTenant = 1235;

let folder: TemporaryFolder;
beforeEach(() => {
  folder = createTemporaryFolder();
  chmodSync(folder.path, 0o755);
});
afterEach(() => folder.remove());

function makeFolder(name: string, owner = self, mode = 0o755): string {
  const path = folder.at(name);
  mkdirSync(path);
  chmodSync(path, mode);
  if (owner !== self) chownSync(path, owner, owner);
  return path;
}

function reached(path: string): string[] {
  const pinned = pinFolder(path, self);
  try {
    return readdirSync(pinned.at('.'));
  } finally {
    pinned.close();
  }
}

function refusal(path: string): UntrustedPathError {
  try {
    pinFolder(path, self).close();
  } catch (error) {
    if (error instanceof UntrustedPathError) return error;
    throw error;
  }
  throw new Error(`${path} was taken`);
}

describe('a pinned folder', () => {
  it('stays the same one when another is put at its path', () => {
    const path = makeFolder('certs');
    const file = pinFile(join(path, 'a.ocsp'), self);
    renameSync(path, `${path}.old`);
    symlinkSync(makeFolder('elsewhere'), path);
    writeFileSync(file.reach, 'x');
    file.folder.close();
    expect(readdirSync(`${path}.old`)).toEqual(['a.ocsp']);
    expect(readdirSync(folder.at('elsewhere'))).toEqual([]);
  });

  it('has one key however its path is spelt', () => {
    const path = makeFolder('certs');
    symlinkSync(path, folder.at('link'));
    const spellings = [path, `${path}/`, folder.at('./certs'), folder.at('link'), folder.at('certs/../certs')];
    const pinned = spellings.map((spelling) => pinFolder(spelling, self));
    expect(new Set(pinned.map(({ key }) => key)).size).toBe(1);
    expect(new Set(pinned.map(({ realPath }) => realPath))).toEqual(new Set([path]));
    for (const one of pinned) one.close();
  });

  it('is found through names that are not UTF-8', () => {
    const path = Buffer.concat([Buffer.from(`${folder.path}/`), Buffer.from([0xff])]);
    mkdirSync(path);
    symlinkSync(path, folder.at('link'));
    for (const spelling of [path, folder.at('link')]) {
      const pinned = pinFolder(spelling, self);
      expect(Buffer.from(pinned.realPath)).toEqual(path);
      pinned.close();
    }
  });

  it('is refused where it is a file, where nothing is there, and where links go in a circle', () => {
    writeFileSync(folder.at('file'), '');
    symlinkSync(folder.at('circle'), folder.at('circle'));
    for (const [name, code] of [
      ['file', 'ENOTDIR'],
      ['file/below', 'ENOTDIR'],
      ['none', 'ENOENT'],
      ['circle', 'ELOOP'],
    ] as const) {
      expect(() => pinFolder(folder.at(name), self), name).toThrow(expect.objectContaining({ code }));
    }
  });
});

describe('a link on the way to a folder', () => {
  it('is followed where only root and the user of the run could have made it, to whatever folder', () => {
    writeFileSync(join(makeFolder('real'), 'here'), '');
    symlinkSync('real', folder.at('one'));
    symlinkSync(folder.at('one'), folder.at('two'));
    expect(reached(folder.at('two'))).toEqual(['here']);
  });

  it('is refused in a folder that group or others may write', () => {
    const target = makeFolder('real');
    for (const mode of [0o775, 0o777]) {
      const open = makeFolder(`open-${mode}`, self, mode);
      if (runsAsRoot) chownSync(open, self, tenant);
      symlinkSync(target, join(open, 'link'));
      const { message, hint } = refusal(join(open, 'link'));
      expect(message).toContain(`${join(open, 'link')} on the way to it is a symbolic link in a folder that group`);
      expect(hint).toContain(`chmod go-w ${open}`);
    }
  });

  it('is refused in a sticky folder too, where a link of root can have been moved from elsewhere', () => {
    const sticky = makeFolder('sticky', self, 0o1777);
    symlinkSync(makeFolder('real'), join(sticky, 'link'));
    expect(refusal(join(sticky, 'link')).message).toContain('is a symbolic link in a folder that group or others');
  });

  it.runIf(runsAsRoot)(
    'is followed in a folder that only a group of root, or the own group of its owner, may write',
    () => {
      const target = makeFolder('real', tenant);
      const open = makeFolder('open', tenant, 0o775);
      symlinkSync(target, join(open, 'link'));
      expect(() => {
        pinFolder(join(open, 'link'), tenant).close();
      }).not.toThrow();
      chownSync(open, tenant, otherTenant);
      expect(() => {
        pinFolder(join(open, 'link'), tenant).close();
      }).toThrow('group or others may write');
      const ofRoot = makeFolder('of-root', self, 0o2775);
      symlinkSync(makeFolder('other'), join(ofRoot, 'link'));
      expect(reached(join(ofRoot, 'link'))).toEqual([]);
    },
  );

  it.runIf(runsAsRoot)('of another user may lead to folders of that user, and to no others', () => {
    const home = makeFolder('home', tenant);
    makeFolder('home/v2', tenant);
    const link = join(home, 'live');
    symlinkSync('v2', link);
    lchownSync(link, tenant, tenant);
    expect(reached(link)).toEqual([]);
    for (const owner of [self, otherTenant]) {
      const foreign = join(home, `to-${owner}`);
      symlinkSync(makeFolder(`of-${owner}`, owner), foreign);
      const { message } = refusal(foreign);
      expect(message).toContain(
        `user ${tenant} can change where ${foreign} on the way to it leads, and it leads to a folder of user ${owner}`,
      );
      expect(refusal(join(foreign, '.')).message).toBe(message);
    }
  });

  it.runIf(runsAsRoot)('counts wherever it is on the way', () => {
    const home = makeFolder('home', tenant);
    makeFolder('of-root');
    makeFolder('of-root/certs');
    symlinkSync('../of-root', join(home, 'link'));
    expect(refusal(join(home, 'link', 'certs')).message).toContain(join(home, 'link'));
    symlinkSync(join(home, 'link', 'certs'), folder.at('by-root'));
    expect(refusal(folder.at('by-root')).message).toContain(join(home, 'link'));
  });
});

describe.runIf(runsAsRoot)('.. out of a folder that another user can move', () => {
  it('may lead to folders of that user, and to no others', () => {
    const home = makeFolder('home', tenant);
    makeFolder('home/start', tenant);
    makeFolder('home/own', tenant);
    makeFolder('home/of-root');
    expect(reached(`${home}/start/../own`)).toEqual([]);
    const { message, hint } = refusal(`${home}/start/../of-root`);
    expect(message).toContain(`user ${tenant} can change where ${home}/start/.. on the way to it leads`);
    expect(hint).toContain('without links and ..');
  });

  it('is refused where many can move it, and followed where nobody can', () => {
    const open = makeFolder('open', self, 0o777);
    makeFolder('open/start');
    expect(refusal(`${open}/start/../start`).message).toContain(`others may move ${open}/start`);
    makeFolder('a');
    makeFolder('b');
    expect(reached(`${folder.path}/a/../b`)).toEqual([]);
  });
});

/** A process of its own in which nothing is mounted at /proc. */
function withoutProc(path: string): { status: number | null; text: string } {
  const script = `
    import { pinFile } from ${JSON.stringify(join(projectFolder, 'src/system/pinned-folder.ts'))};
    import { writeFileSync } from 'node:fs';
    try {
      const file = pinFile(${JSON.stringify(path)}, ${self});
      writeFileSync(file.reach, 'written');
    } catch (error) {
      console.log(error.message);
    }`;
  const module = folder.write('child.mts', script);
  const command = 'mount -t tmpfs none /proc && exec "$@"';
  const words = ['--mount', 'sh', '-c', command, 'sh', process.execPath, '--import', 'tsx', module];
  const { status, stdout, stderr } = spawnSync('unshare', words, { encoding: 'utf8', cwd: projectFolder });
  return { status, text: stdout + stderr };
}

describe.runIf(runsAsRoot)('without /proc', { tags: ['unshare'] }, () => {
  it('a folder is used by its real path where nobody else may write it or a folder above it', () => {
    const path = join(makeFolder('certs'), 'a.ocsp');
    expect(withoutProc(path)).toEqual({ status: 0, text: '' });
    expect(readFileSync(path, 'utf8')).toBe('written');
  });

  it('a folder that others may write is refused, and one below such a folder', () => {
    const open = makeFolder('open', self, 0o777);
    makeFolder('open/below');
    for (const path of [join(open, 'a.ocsp'), join(open, 'below', 'a.ocsp')]) {
      expect(withoutProc(path).text).toContain(`other users may write ${open}, and without /proc`);
    }
    expect(readdirSync(open)).toEqual(['below']);
  });
});
