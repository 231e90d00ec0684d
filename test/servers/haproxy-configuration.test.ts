// @module-tag haproxy
import { copyFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { lineWithStaple, type HaproxyConfiguration } from '../../src/servers/haproxy/configuration.js';
import { readHaproxyConfiguration } from '../../src/servers/haproxy/configuration-reader.js';
import { isRegularFile } from '../../src/system/regular-file.js';
import { isSince } from '../support/programs.js';
import { askHaproxy, startHaproxy } from '../support/servers/haproxy.js';
import { freePort } from '../support/servers/free-port.js';
import { createServerScene, type ServerScene } from '../support/servers/server-scene.js';

let scene: ServerScene;

beforeAll(async () => {
  scene = await createServerScene();
});

afterAll(() => scene.clear());

/** What a haproxy that runs with a configuration says, and what the reader says of the same text. */
interface Both {
  readonly read: HaproxyConfiguration;
  readonly names: readonly string[];
  /** Those that have a staple. */
  readonly stapled: readonly string[];
}

const globalLines = (socket: string, more: string): string => `global
    stats socket ${socket} level admin
${more}
defaults
    mode http
    timeout connect 5s
    timeout client 5s
    timeout server 5s
`;

async function start(settings: string, binds: string, stores = ''): Promise<Both> {
  const [port, socket] = [await freePort(), scene.folder.at('c.sock')];
  const config = `${globalLines(socket, settings)}${stores}frontend f
    bind "127.0.0.1:${port}" ssl ${binds}
    http-request return status 200
`;
  const daemon = await startHaproxy({ config, folder: scene.folder.path, ports: [port] });
  try {
    const surroundings = { workingFolder: scene.folder.path, environment: {} };
    const read = readHaproxyConfiguration([scene.folder.at('haproxy.cfg')], surroundings);
    expect(read.problems).toEqual([]);
    expect(read.sockets).toEqual([{ address: socket, isAdmin: true }]);
    expect(read.binds.map(({ addresses }) => addresses)).toEqual([[`127.0.0.1:${port}`]]);
    const names = linesAfter('# filename', await askHaproxy(socket, 'show ssl cert'));
    const stapled: string[] = [];
    for (const name of names) {
      const text = await askHaproxy(socket, `show ssl cert ${name}`);
      if (/^OCSP Response Key: \S/m.test(text)) stapled.push(name);
    }
    return { read, names, stapled };
  } finally {
    await daemon.stop();
  }
}

function linesAfter(title: string, text: string): string[] {
  return text
    .slice(text.indexOf(title) + title.length)
    .split('\n')
    .filter(Boolean)
    .sort();
}

/** The reader names what haproxy has loaded, and staples exactly where haproxy has read one. */
function expectSame({ read, names, stapled }: Both): void {
  expect(read.certificates.map(({ name }) => name).sort()).toEqual(names);
  const withFile = read.certificates.filter(({ staplePath }) => staplePath !== undefined && isRegularFile(staplePath));
  expect(withFile.map(({ name }) => name).sort()).toEqual(stapled);
}

describe('the reader of haproxy.cfg agrees with haproxy', () => {
  it('on files, folders, bundles and quoted names', async () => {
    const [plain, without, rsa, ecdsa] = ['plain', 'with out', 'both.pem.rsa', 'both.pem.ecdsa'].map((name) =>
      scene.issue(name),
    );
    rmSync(without!.staple);
    mkdirSync(scene.folder.at('many'), { recursive: true });
    for (const site of [plain!]) {
      copyFileSync(site.certificate, scene.folder.at('many/one.pem'));
      copyFileSync(site.staple, scene.folder.at('many/one.pem.ocsp'));
      copyFileSync(site.certificate, scene.folder.at('many/two.pem'));
      writeFileSync(scene.folder.at('many/.hidden'), 'x');
    }
    for (const [site, half] of [
      [rsa!, 'rsa'],
      [ecdsa!, 'ecdsa'],
    ] as const) {
      copyFileSync(site.certificate, scene.folder.at(`half.pem.${half}`));
      copyFileSync(site.staple, scene.folder.at(`half.pem.${half}.ocsp`));
    }
    const at = (name: string): string => scene.folder.at(name);
    expectSame(
      await start(
        '',
        `crt ${plain!.certificate} crt '${at('with out.pem')}' crt ${at('many')} crt ${at('half.pem')} # crt no`,
      ),
    );
  });

  it('on where relative names begin, and on a crt-list', async () => {
    mkdirSync(scene.folder.at('elsewhere'), { recursive: true });
    const [one, two] = [scene.issue('elsewhere/one'), scene.issue('elsewhere/two')];
    writeFileSync(
      scene.folder.at('elsewhere/list'),
      '# comment\none.pem [alpn h2] one.example !no.example\n\n two.pem\n',
    );
    expectSame(await start(`    crt-base ${scene.folder.at('elsewhere')}`, `crt-list elsewhere/list`));
    expectSame(await start(`    default-path origin ${scene.folder.at('elsewhere')}`, 'crt-list list crt two.pem'));
    mkdirSync(scene.folder.at('deep'), { recursive: true });
    expectSame(await start('    default-path config', 'crt elsewhere/one.pem'));
    expect([one.certificate, two.certificate].every(isRegularFile)).toBe(true);
  });

  it('on variables that it sets itself', async () => {
    mkdirSync(scene.folder.at('set'), { recursive: true });
    for (const name of ['one', 'two', 'three']) scene.issue(`set/${name}`);
    const settings = `    setenv HERE ${scene.folder.at('set')}
    presetenv HERE /nowhere
    setenv GONE x
    unsetenv GONE
    presetenv GONE three.pem`;
    expectSame(await start(settings, 'crt "$HERE/one.pem" crt "${HERE}/two.pem" crt "$HERE/$GONE"'));
  });

  it('on the settings that change where staples are looked for', async () => {
    const site = scene.issue('moved');
    copyFileSync(site.certificate, scene.folder.at('moved.crt'));
    copyFileSync(site.staple, scene.folder.at('moved.ocsp'));
    const binds = `crt ${site.certificate} crt ${scene.folder.at('moved.crt')}`;
    const moved = await start('    ssl-load-extra-del-ext', binds);
    expectSame(moved);
    expect(moved.stapled).toHaveLength(2);
    const none = await start('    ssl-load-extra-files none', binds);
    expectSame(none);
    expect(none.stapled).toEqual([]);
  });

  if (isSince('haproxy', '3.0')) {
    it('on crt-stores and the options of a crt-list', async () => {
      mkdirSync(scene.folder.at('store'), { recursive: true });
      const sites = ['a', 'b', 'c', 'd', 'e', 'f'].map((name) => scene.issue(`store/${name}`));
      const [, , c, , e] = sites;
      copyFileSync(c!.staple, scene.folder.at('store/named.ocsp'));
      const base = scene.folder.at('store');
      writeFileSync(
        scene.folder.at('options'),
        `store/d.pem [key ${scene.folder.at('store/d.key')}]\nstore/e.pem [ocsp ${e!.staple}] e.example\n@web/see\nstore/f.pem\n`,
      );
      const stores = `crt-store web
    crt-base ${base}
    load crt a.pem
    load crt c.pem ocsp named.ocsp alias see
crt-store
    load crt store/b.pem ocsp ${sites[1]!.staple} alias bee ocsp-update off
`;
      const both = await start('', `crt @web/a.pem crt @/bee crt-list ${scene.folder.at('options')}`, stores);
      expectSame(both);
      expect(both.stapled).toEqual(['@/bee', '@web/see', 'store/e.pem', 'store/f.pem']);
      expect(both.read.binds[0]!.certificates.flat().toSorted()).toEqual(both.names);
    });

    it('on what crt-stores call a certificate without an alias, and on a default one', async () => {
      for (const folder of ['base', 'own']) mkdirSync(scene.folder.at(folder), { recursive: true });
      const [one, two, three] = ['base/one', 'own/two', 'three'].map((name) => scene.issue(name));
      for (const { staple } of [one!, two!]) copyFileSync(staple, staple.replace('.pem.ocsp', '.der'));
      const ofPlace = (ocsp: boolean): string => `crt-store
    load crt one.pem${ocsp ? ' ocsp one.der' : ''}
crt-store
    crt-base ${scene.folder.at('own')}
    load crt two.pem ocsp two.der
crt-store named
    load crt ${three!.certificate}
`;
      const settings = `    crt-base ${scene.folder.at('base')}`;
      const binds = `crt one.pem crt ${scene.folder.at('base/two.pem')} crt @named${three!.certificate}`;
      for (const ocsp of [true, false]) {
        const both = await start(settings, binds, ofPlace(ocsp));
        expectSame(both);
        expect(both.stapled).toEqual([...(ocsp ? [one!.certificate] : []), scene.folder.at('base/two.pem')]);
        const { path, staplePath } = both.read.certificates.find(({ name }) => name.endsWith('base/two.pem'))!;
        expect([path, staplePath]).toEqual([two!.certificate, scene.folder.at('own/two.der')]);
      }
      expectSame(await start('', `default-crt ${one!.certificate} crt ${two!.certificate}`));
    });

    it('on the line that makes it read a staple', async () => {
      mkdirSync(scene.folder.at('mend'), { recursive: true });
      const [a, b] = [`a's # "file"`, 'b'].map((name) => scene.issue(`mend/${name}`));
      const list = (text: string): void => writeFileSync(scene.folder.at('list'), `${text}\n`);
      const line = `    load crt "${scene.folder.at(`mend/a's # \\"file\\".pem`)}" alias a # the "first`;
      list(`${b!.certificate} [key ${b!.key}] b.example`);
      const before = await start('', `crt @s/a crt-list ${scene.folder.at('list')}`, `crt-store s\n${line}\n`);
      expect(before.stapled).toEqual([]);
      const mended = (name: string, staple: string): string =>
        lineWithStaple(
          before.read.certificates.find((one) => one.name === name)!,
          staple,
        );
      list(mended(b!.certificate, b!.staple));
      const store = `crt-store s\n    ${mended('@s/a', a!.staple)}\n`;
      const after = await start('', `crt @s/a crt-list ${scene.folder.at('list')}`, store);
      expectSame(after);
      expect(after.stapled).toEqual([b!.certificate, '@s/a'].sort());
    });
  }
});
