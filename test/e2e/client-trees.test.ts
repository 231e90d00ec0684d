import { mkdirSync, symlinkSync } from 'node:fs';
import { expect, it } from 'vitest';

import type { IssuedCertificate } from '../support/certificate.js';
import { runRestaple } from '../support/run-program.js';
import { fetchJson, withScene, type Scene } from './support/fetch-scene.js';

/** Writes the files of a client's lineage, the certificate without its issuer, and returns the certificate's file. */
type Layout = (scene: Scene, site: IssuedCertificate, name: string) => string;

const layouts: Readonly<
  Record<string, { readonly tree: string; readonly layout: Layout; readonly lineages: readonly string[] }>
> = {
  certbot: {
    tree: 'le/live',
    lineages: ['a.example', 'b.example-0001'],
    layout: ({ folder, authority }, site, name) => {
      folder.write(`le/archive/${name}/fullchain1.pem`, site.certificate.pem);
      folder.write('le/live/README', 'certbot wrote this');
      folder.write(`le/live/${name}/chain.pem`, authority.certificate.pem);
      symlinkSync(`../../archive/${name}/fullchain1.pem`, folder.at('le/live', name, 'fullchain.pem'));
      return folder.at('le/live', name, 'fullchain.pem');
    },
  },
  'acme.sh': {
    tree: '.acme.sh',
    lineages: ['a.example', 'b.example_ecc', '*.c.example_ecc'],
    layout: ({ folder, authority }, site, name) => {
      const own = name.replace('_ecc', '');
      const at = (file: string): string => `.acme.sh/${name}/${file}`;
      folder.write('.acme.sh/account.conf', "ACCOUNT_EMAIL=''\n");
      folder.write('.acme.sh/acme.sh', '#!/usr/bin/env sh\n');
      folder.write('.acme.sh/ca/acme.example/account.key', site.keyPem);
      folder.write(at(`${own}.conf`), `Le_Domain='${own}'\n`);
      folder.write(at(`${own}.key`), site.keyPem);
      folder.write(at('ca.cer'), authority.certificate.pem);
      // Older versions have no fullchain.cer.
      if (name === 'a.example') return folder.write(at(`${own}.cer`), site.certificate.pem);
      folder.write(at(`${own}.cer`), site.certificate.pem);
      return folder.write(at('fullchain.cer'), site.certificate.pem);
    },
  },
  dehydrated: {
    tree: 'dehydrated/certs',
    lineages: ['a.example', 'b.example'],
    layout: ({ folder, authority }, site, name) => {
      const at = (file: string): string => `dehydrated/certs/${name}/${file}`;
      for (const [kind, text] of [
        ['cert', site.certificate.pem],
        ['fullchain', site.certificate.pem],
        ['chain', authority.certificate.pem],
        ['privkey', site.keyPem],
      ] as const) {
        folder.write(at(`${kind}-1700000000.pem`), text);
        symlinkSync(`${kind}-1700000000.pem`, folder.at(at(`${kind}.pem`)));
      }
      return folder.at(at('fullchain.pem'));
    },
  },
  lego: {
    tree: 'lego/certificates',
    lineages: ['a.example', '_.b.example'],
    layout: ({ folder, authority }, site, name) => {
      const at = (ending: string): string => `lego/certificates/${name}${ending}`;
      folder.write(at('.issuer.crt'), authority.certificate.pem);
      folder.write(at('.json'), '{}');
      folder.write(at('.key'), site.keyPem);
      folder.write(at('.pem'), site.certificate.pem + site.keyPem);
      return folder.write(at('.crt'), site.certificate.pem);
    },
  },
};

it.each(Object.entries(layouts))(
  'takes one certificate for each lineage of %s, with its issuer, and names staples by {lineage}',
  { tags: 'flock' },
  async (_client, { tree, layout, lineages }) => {
    await withScene(async (scene) => {
      const { folder, responder, authority } = scene;
      const issue = (name: string): IssuedCertificate =>
        authority.issue({ commonName: name, ocspUris: [responder.url], caIssuersUris: [] });
      const certificates = lineages.map((name) => layout(scene, issue(name), name));
      const out = folder.at('ocsp/{lineage}.der');
      mkdirSync(folder.at('ocsp'));
      const { exitCode, records } = await fetchJson(['--out', out, folder.at(tree)]);
      expect(records.map(({ certificate }) => certificate).sort()).toEqual(certificates.sort());
      expect(records.map(({ staple }) => staple).sort()).toEqual(
        lineages.map((name) => folder.at('ocsp', `${name}.der`)).sort(),
      );
      expect({ exitCode, outcomes: new Set(records.map(({ outcome }) => outcome)) }).toEqual({
        exitCode: 0,
        outcomes: new Set(['updated']),
      });
      const text = `certificates: { path: ${tree}, out: 'ocsp/{lineage}.der' }\n`;
      const file = folder.write('restaple.yaml', text);
      const configured = await runRestaple(['fetch', '--json', '--config', file]);
      expect(configured.lines().at(-1)).toMatchObject({ summary: { total: lineages.length, fresh: lineages.length } });
      const verified = await runRestaple(['verify', '--json', '--out', out, ...certificates]);
      expect(verified.exitCode).toBe(0);
    });
  },
);

it('takes a lineage that is named by its own folder, and the home of a client', async () => {
  await withScene(async (scene) => {
    const { folder, responder, authority } = scene;
    const written = Object.values(layouts).map(({ layout }) =>
      layout(scene, authority.issue({ ocspUris: [responder.url] }), 'a.example'),
    );
    for (const home of ['le/renewal', 'dehydrated/accounts', 'lego/accounts'])
      mkdirSync(folder.at(home), { recursive: true });
    const homes = ['le', '.acme.sh', 'dehydrated', 'lego'].map((name) => folder.at(name));
    const ofHomes = await fetchJson(['--dry-run', ...homes]);
    expect(ofHomes.records.map(({ certificate }) => certificate).sort()).toEqual(written.sort());
    const lineages = ['.acme.sh/a.example', 'dehydrated/certs/a.example/'].map((name) => folder.at(name));
    const ofLineages = await fetchJson(['--dry-run', ...lineages]);
    expect(ofLineages.records).toHaveLength(2);
    expect(ofLineages.exitCode).toBe(0);
  });
});
