// @module-tag flock
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';

import { answer } from '../support/answer.js';
import { startResponder } from '../support/misbehaving-responder.js';
import { createCertificateAuthority } from '../support/pki.js';
import { projectFolder, runRestaple } from '../support/run-program.js';
import { withTemporaryFolder } from '../support/temporary-folder.js';

/** Text as it is built, in what a module does when it is evaluated. */
const markers = {
  got: 'got (https://github.com/sindresorhus/got)',
  chalk: '"ansi256","ansi16m"',
  oclif: 'OCLIF_MARKER_OWNER="@oclif/core"',
  yaml: '"tag:yaml.org,2002:omap"',
  zod: '"ZodMiniObject"',
  verify: '["verify",...',
  discovery: 'usualConfiguration:"/etc/hitch/hitch.conf"',
} as const;

/** The scripts that a run loaded, and which modules of the program it evaluated, as node's own coverage lists them. */
interface Loaded {
  readonly files: readonly string[];
  evaluated(marker: string): boolean;
}

interface Script {
  readonly url: string;
  readonly functions: readonly { readonly ranges: readonly Range[] }[];
}

interface Range {
  readonly startOffset: number;
  readonly endOffset: number;
  readonly count: number;
}

async function loadedBy(run: (env: Record<string, string>) => Promise<unknown>): Promise<Loaded> {
  return await withTemporaryFolder(async (folder) => {
    await run({ NODE_V8_COVERAGE: folder.path });
    const scripts = readdirSync(folder.path).flatMap(
      (name) => (JSON.parse(readFileSync(folder.at(name), 'utf8')) as { result: Script[] }).result,
    );
    // A script out of the code cache has no path.
    const own = scripts.filter(({ url }) => url.startsWith('file:') || url === 'restaple');
    const programs = own.filter(({ url }) => url === 'restaple');
    expect(programs).not.toEqual([]);
    return {
      files: own.map(({ url }) => url),
      evaluated: (marker) => programs.some((script) => isEvaluated(script, marker)),
    };
  });
}

const { wrapped } = createRequire(import.meta.url)('../../bin/program.js') as {
  readonly wrapped: (text: string) => string;
};
const source = wrapped(readFileSync(join(projectFolder, 'dist', 'restaple.cjs'), 'latin1'));

/** In the script is the function of the program, and in that one for each module. */
function isEvaluated({ functions }: Script, marker: string): boolean {
  const at = source.indexOf(marker);
  expect(at, `${marker} is in the program`).toBeGreaterThan(0);
  const around = functions
    .map(({ ranges }) => ranges[0]!)
    .filter(({ startOffset, endOffset }) => startOffset <= at && at < endOffset)
    .sort((a, b) => b.endOffset - b.startOffset - (a.endOffset - a.startOffset));
  return around.length > 2 && around[2]!.count > 0;
}

let uri: Loaded;
let fetch: Loaded;
let proxied: Loaded;
let configured: Loaded;
let help: Loaded;
let verify: Loaded;
let colourful: Loaded;
let doctor: Loaded;

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
      verify = await loadedBy((env) => expecting(['verify', path], env));
      const configuration = `hitch:${folder.write('hitch.conf', '')}`;
      doctor = await loadedBy((env) => expecting(['doctor', configuration], env));
      help = await loadedBy((env) => expecting(['--help'], env));
    } finally {
      await responder.close();
    }
  });
});

describe('what a command loads', () => {
  it('is seen: fetch loads the HTTP client for a proxy, uri chalk where colour is asked for, every command oclif', () => {
    expect(proxied.evaluated(markers.got)).toBe(true);
    expect(colourful.evaluated(markers.chalk)).toBe(true);
    expect(uri.evaluated(markers.oclif)).toBe(true);
  });

  it('is neither the HTTP client without a proxy nor colours that nobody sees', () => {
    expect(fetch.evaluated(markers.got)).toBe(false);
    expect(uri.evaluated(markers.got)).toBe(false);
    expect(uri.evaluated(markers.chalk)).toBe(false);
  });

  it('is YAML and its schema for a configuration file alone', () => {
    expect(configured.evaluated(markers.yaml)).toBe(true);
    expect(configured.evaluated(markers.zod)).toBe(true);
    for (const loaded of [uri, fetch, help]) {
      expect(loaded.evaluated(markers.yaml)).toBe(false);
      expect(loaded.evaluated(markers.zod)).toBe(false);
    }
  });

  it('is one script, for any of these commands', () => {
    for (const { files } of [uri, fetch, proxied, configured, help]) {
      expect(files.map((url) => url.slice(url.lastIndexOf('/') + 1)).sort()).toEqual([
        'program.js',
        'restaple',
        'run.js',
      ]);
    }
  });

  it('is how servers are found for doctor alone', () => {
    expect(doctor.evaluated(markers.discovery)).toBe(true);
    for (const loaded of [uri, fetch, help, verify]) expect(loaded.evaluated(markers.discovery)).toBe(false);
  });

  it('is its own command alone, thanks to the manifest', () => {
    for (const loaded of [uri, fetch, help]) expect(loaded.evaluated(markers.verify)).toBe(false);
    expect(verify.evaluated(markers.verify)).toBe(true);
  });
});
