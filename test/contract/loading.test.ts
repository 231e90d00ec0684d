// @module-tag flock
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';

import { answer } from '../support/answer.js';
import { startResponder } from '../support/misbehaving-responder.js';
import { createCertificateAuthority } from '../support/pki.js';
import { runRestaple } from '../support/run-program.js';
import { withTemporaryFolder } from '../support/temporary-folder.js';

/** Text that is in a package and nowhere else, so that it is found inside a bundle too. */
const markers = {
  got: 'methodRewriting',
  chalk: 'chalkFactory',
  oclif: 'oclif.manifest.json',
  yaml: 'BLOCK_AS_IMPLICIT_KEY',
  zod: 'unrecognized_keys',
} as const;

/** The scripts that a run loaded, as node's own coverage lists them. */
interface Loaded {
  readonly files: readonly string[];
  contains(marker: string): boolean;
}

async function loadedBy(run: (env: Record<string, string>) => Promise<unknown>): Promise<Loaded> {
  return await withTemporaryFolder(async (folder) => {
    await run({ NODE_V8_COVERAGE: folder.path });
    const files = readdirSync(folder.path).flatMap((name) => {
      const { result } = JSON.parse(readFileSync(folder.at(name), 'utf8')) as { result: { url: string }[] };
      return result.map(({ url }) => url).filter((url) => url.startsWith('file:'));
    });
    const texts = files.map((url) => readFileSync(fileURLToPath(url), 'utf8'));
    return { files, contains: (marker) => texts.some((text) => text.includes(marker)) };
  });
}

let uri: Loaded;
let fetch: Loaded;
let proxied: Loaded;
let configured: Loaded;
let help: Loaded;
let colourful: Loaded;

beforeAll(async () => {
  await withTemporaryFolder(async (folder) => {
    const responder = await startResponder();
    try {
      const authority = createCertificateAuthority();
      responder.behaviour = answer(authority);
      const site = authority.issue({ ocspUris: [responder.url] });
      const path = folder.write('site.pem', site.certificate.pem + authority.certificate.pem);
      const expecting = async (args: readonly string[], env: Record<string, string | undefined>): Promise<void> => {
        expect(await runRestaple(args, { env }), args.join(' ')).toMatchObject({ exitCode: 0, stderr: '' });
      };
      uri = await loadedBy((env) => expecting(['uri', path], env));
      fetch = await loadedBy((env) => expecting(['fetch', '--allow-private', path], env));
      const throughProxy = ['fetch', '--force', '--allow-private', '--proxy', responder.url, path];
      proxied = await loadedBy((env) => expecting(throughProxy, env));
      folder.write('restaple.yaml', 'certificates: [site.pem]\n');
      const words = ['fetch', '--allow-private', '--config', folder.at('restaple.yaml')];
      configured = await loadedBy((env) => expecting(words, env));
      colourful = await loadedBy((env) => expecting(['uri', path], { ...env, NO_COLOR: undefined, FORCE_COLOR: '1' }));
      help = await loadedBy((env) => expecting(['--help'], env));
    } finally {
      await responder.close();
    }
  });
});

describe('what a command loads', () => {
  it('is seen: fetch loads the HTTP client for a proxy, uri chalk where colour is asked for, every command oclif', () => {
    expect(proxied.contains(markers.got)).toBe(true);
    expect(colourful.contains(markers.chalk)).toBe(true);
    expect(uri.contains(markers.oclif)).toBe(true);
  });

  it('is neither the HTTP client without a proxy nor colours that nobody sees', () => {
    expect(fetch.contains(markers.got)).toBe(false);
    expect(uri.contains(markers.got)).toBe(false);
    expect(uri.contains(markers.chalk)).toBe(false);
  });

  it('is YAML and its schema for a configuration file alone', () => {
    expect(configured.contains(markers.yaml)).toBe(true);
    expect(configured.contains(markers.zod)).toBe(true);
    for (const loaded of [uri, fetch, help]) {
      expect(loaded.files.length).toBeGreaterThan(2);
      expect(loaded.contains(markers.yaml)).toBe(false);
      expect(loaded.contains(markers.zod)).toBe(false);
    }
  });

  it('is for uri, fetch, its configuration and help no package outside the bundle: no pkijs, no x509, no chalk', () => {
    for (const { files } of [uri, fetch, configured, help]) {
      expect(files.length).toBeGreaterThan(2);
      expect(files.filter((url) => url.includes('/node_modules/'))).toEqual([]);
    }
  });

  it('is its own command alone, thanks to the manifest', () => {
    const commandsOf = ({ files }: Loaded): string[] =>
      files.flatMap((url) => /\/dist\/commands\/(\w+)\.js$/.exec(url)?.[1] ?? []);
    expect(commandsOf(uri)).toEqual(['uri']);
    expect(commandsOf(fetch)).toEqual(['fetch']);
    expect(commandsOf(help)).toEqual([]);
  });
});
