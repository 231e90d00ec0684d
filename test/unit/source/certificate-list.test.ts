import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { FilePath } from '../../../src/core/file-path.js';
import {
  listCertificates,
  listOfFiles,
  pathsOf,
  type ListedCertificate,
} from '../../../src/source/certificate-list.js';
import type { NamedSource } from '../../../src/source/named-source.js';
import { createTemporaryFolder, type TemporaryFolder } from '../../support/temporary-folder.js';

let folder: TemporaryFolder;
beforeEach(() => {
  folder = createTemporaryFolder();
});
afterEach(() => folder.remove());

const touch = (...names: readonly string[]) => names.map((name) => folder.write(name, 'x'));

async function listed(...sources: readonly (FilePath | NamedSource)[]): Promise<ListedCertificate[]> {
  const named = sources.map((source) =>
    typeof source === 'string' || Buffer.isBuffer(source) ? { path: source } : source,
  );
  const list = await listCertificates(named);
  return Array.from({ length: list.length }, (_, index) => list.at(index));
}

describe('the list of certificates', () => {
  it('has the files of a folder by their names, in the order of their bytes, as files that nobody named', async () => {
    touch('b.pem', 'a.pem', 'README', 'a.key', 'a.pem.ocsp', 'a.pem.issuer', 'a.pem.sctl', '.hidden');
    const names = ['README', 'a.pem', 'b.pem'];
    expect(await listed(folder.path)).toEqual(names.map((name) => ({ path: folder.at(name), named: false })));
  });

  it('has a folder whose name ends with a slash, and the folder it stands in, under the same names', async () => {
    const [path] = touch('a.pem');
    expect(await listed(`${folder.path}/`)).toEqual([{ path, named: false }]);
  });

  it('reads no file: what is not a certificate is found out later', async () => {
    symlinkSync('/nowhere', folder.at('dangling.pem'));
    mkdirSync(folder.at('sub'));
    expect((await listed(folder.path)).map(({ path }) => path)).toEqual([folder.at('dangling.pem'), folder.at('sub')]);
  });

  it('has each file once, at its first place', async () => {
    const [a, b] = touch('a.pem', 'b.pem');
    expect(await listed(b!, folder.path, a!.replace('a.pem', './a.pem'), b!.replace('/b.pem', '//b.pem'))).toEqual([
      { path: b, named: true },
      { path: `${folder.path}/./a.pem`, named: true },
    ]);
  });

  it('has a file that is named as named, also where its folder comes first', async () => {
    const [a, b] = touch('a.pem', 'b.pem');
    expect(await listed(folder.path, a!)).toEqual([
      { path: b, named: false },
      { path: a, named: true },
    ]);
  });

  it('tells of each source where its staples go', async () => {
    const [a, b] = touch('a.pem', 'b.pem');
    const crtList = folder.write('list', 'b.pem\n');
    const sources: NamedSource[] = [{ path: a!, out: '/staples/' }, { crtList }];
    expect(await listed(...sources)).toEqual([
      { path: a, named: true, out: '/staples/' },
      { path: b, named: true },
    ]);
    expect((await listCertificates(sources)).hasOwnPlaces).toBe(true);
    expect((await listCertificates([{ path: a! }])).hasOwnPlaces).toBe(false);
  });

  it('has a lineage of certbot each, of its tree and of a folder of it', async () => {
    for (const name of ['one.example', 'two.example']) {
      for (const file of ['fullchain.pem', 'cert.pem', 'chain.pem', 'privkey.pem']) {
        folder.write(`live/${name}/${file}`, 'x');
      }
    }
    folder.write('live/README', 'x');
    const paths = ['one.example', 'two.example'].map((name) => folder.at('live', name, 'fullchain.pem'));
    expect(await listed(folder.at('live'))).toEqual(paths.map((path) => ({ path, named: true })));
    expect(await listed(folder.at('live', 'one.example'))).toEqual([{ path: paths[0], named: true }]);
  });

  it('has what a glob matches, and a file whose own name looks like one', async () => {
    const [a, b, odd] = touch('a.pem', 'b.pem', 'odd[1].pem');
    expect((await listed(folder.at('?.pem'))).map(({ path }) => path).sort()).toEqual([a, b]);
    expect(await listed(odd!)).toEqual([{ path: odd, named: true }]);
    expect(await listed(folder.at('*.crt'), a!)).toMatchObject([
      { path: folder.at('*.crt'), failure: { code: 'file-not-found' } },
      { path: a },
    ]);
  });

  it('keeps names that are not UTF-8, with blanks or with line feeds', async () => {
    const bytes = Buffer.concat([Buffer.from(`${folder.path}/`), Buffer.from([0x63, 0xff, 0x2e, 0x70])]);
    writeFileSync(bytes, 'x');
    const [blank, feed] = touch('a b.pem', 'a\nb.pem');
    expect((await listed(folder.path)).map(({ path }) => path)).toEqual([feed, blank, bytes]);
    expect(await listed(folder.path, bytes)).toHaveLength(3);
  });

  it('finds any of its files by its number, across sources and empty folders', async () => {
    mkdirSync(folder.at('empty'));
    const files = touch('one/a.pem', 'one/b.pem', 'two/c.pem');
    const sources = ['empty', 'one', 'empty', 'two'].map((name) => ({ path: folder.at(name) }));
    const list = await listCertificates([...sources, { path: '/named.pem' }]);
    expect(pathsOf(list)).toEqual([...files, '/named.pem']);
    expect(list.at(2).path).toBe(files[2]);
    expect(() => list.at(4)).toThrow(RangeError);
    expect(() => list.at(-1)).toThrow(RangeError);
  });

  it('is empty without sources, and takes a list as it is', async () => {
    expect((await listCertificates([])).length).toBe(0);
    expect(pathsOf(listOfFiles(['/b', '/a', '/b'].map((path) => ({ path, named: true }))))).toEqual(['/b', '/a', '/b']);
  });
});
