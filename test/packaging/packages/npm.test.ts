// The npm package as a user gets it: packed, installed into an empty folder, and run by every Node.js that it is for.
import { lstatSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { projectFolder, runCommand, type RunResult } from '../../support/run-program.js';
import { createTemporaryFolder } from '../../support/temporary-folder.js';
import { smoke } from '../smoke.js';

const versions = [20, 22, 24, 26] as const;
/** One that is too old, and does not even read the syntax of the program. */
const oldVersion = 12;

const folder = createTemporaryFolder('restaple-npm-');
const program = folder.at('app', 'node_modules', '.bin', 'restaple');
let tarball: string;

beforeAll(async () => {
  tarball = await pack();
  const empty = folder.at('app');
  mkdirSync(empty);
  await npm(['install', '--omit=dev', '--prefer-offline', tarball], empty);
  const nodes = folder.at('nodes');
  mkdirSync(nodes);
  const platform = `node-${process.platform}-${process.arch}`;
  const aliases = [oldVersion, ...versions].map((version) => `node${version}@npm:${platform}@${version}`);
  await npm(['install', '--ignore-scripts', '--prefer-offline', ...aliases], nodes);
});

afterAll(() => folder.remove());

async function pack(): Promise<string> {
  // What `npm run test:packages` has just built.
  const { stdout } = await npm(['pack', '--ignore-scripts', '--pack-destination', folder.path], projectFolder);
  return folder.at(stdout.trim().split('\n').at(-1)!);
}

async function npm(words: readonly string[], cwd: string): Promise<RunResult> {
  const env = { HOME: process.env['HOME'], npm_config_audit: 'false', npm_config_fund: 'false' };
  const result = await runCommand('npm', words, { cwd, env, timeoutMilliseconds: 500_000 });
  expect(result.exitCode, `npm ${words.join(' ')}: ${result.stderr}`).toBe(0);
  return result;
}

function nodeOf(version: number): string {
  return folder.at('nodes', 'node_modules', `node${version}`, 'bin', 'node');
}

/** The files below a folder, with their sizes. */
function filesIn(path: string): { readonly name: string; readonly size: number }[] {
  return readdirSync(path, { recursive: true, encoding: 'utf8' }).flatMap((name) => {
    const stat = lstatSync(join(path, name));
    return stat.isDirectory() ? [] : [{ name, size: stat.size }];
  });
}

describe('the npm package', () => {
  it('is at most 12 packages and 12 MB once installed', () => {
    const files = filesIn(folder.at('app', 'node_modules'));
    const packages = files.filter(({ name }) => /^(?:.*node_modules\/)?(?:@[^/]+\/)?[^/]+\/package\.json$/.test(name));
    expect(packages.length).toBeGreaterThan(0);
    expect(packages.length, packages.map(({ name }) => name).join(' ')).toBeLessThanOrEqual(12);
    expect(files.reduce((sum, { size }) => sum + size, 0)).toBeLessThanOrEqual(12_000_000);
  });

  it('has the notices of what it contains and every page that the help names, but no sources, tests or records of the build', () => {
    const names = filesIn(folder.at('app', 'node_modules', 'restaple')).map(({ name }) => name);
    const pages = ['README.md', 'LICENSE', 'dist/THIRD-PARTY-NOTICES', 'docs/errors.md', 'docs/configuration.md'];
    expect(names).toEqual(expect.arrayContaining(pages));
    expect(names.filter((name) => /^(?:src|test|bench|fixtures|build)\/|tsbuildinfo|\.map$|\.mjs$/.test(name))).toEqual(
      [],
    );
  });

  it.each([
    ['publint', '--strict'],
    ['attw', '--profile', 'esm-only'],
  ])('has entries and types that every kind of program finds, by %s', async (checker, ...flags) => {
    const result = await runCommand(join(projectFolder, 'node_modules', '.bin', checker), [tarball, ...flags]);
    expect(result.exitCode, result.stdout + result.stderr).toBe(0);
  });

  it('has manual pages for man, installed by npm install -g', async ({ skip }) => {
    const { stdout: npmVersion } = await npm(['--version'], folder.path);
    skip(Number.parseInt(npmVersion, 10) > 11, 'npm 12 and later link no manual pages');
    await npm(['install', '-g', '--prefix', folder.at('global'), tarball], folder.path);
    const { man } = JSON.parse(readFileSync(join(projectFolder, 'package.json'), 'utf8')) as { man: readonly string[] };
    for (const page of man.map((name) => basename(name))) {
      const installed = folder.at('global', 'share', 'man', `man${page.at(-1)}`, page);
      expect(readFileSync(installed, 'utf8'), page).toContain('.TH');
    }
  });

  it('is a library for a program beside it', async () => {
    const script = `
      import { fetchStaple } from 'restaple';
      import { decodeCertificate } from 'restaple/core';
      console.log(typeof fetchStaple, typeof decodeCertificate);`;
    const words = ['--input-type=module', '-e', script];
    expect(await runCommand(process.execPath, words, { cwd: folder.at('app') })).toMatchObject({
      exitCode: 0,
      stdout: 'function function\n',
    });
  });

  it.each(versions)('does the main job by Node %i', async (version) => {
    await smoke([nodeOf(version), program]);
  });

  it(`is refused in one line by Node ${oldVersion}, with exit 2`, async () => {
    const { exitCode, stdout, stderr } = await runCommand(nodeOf(oldVersion), [program, '--version']);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    expect(stderr).toMatch(/^restaple needs Node\.js 20\.19, 22\.12 or newer; this is v12\.\S+\n$/);
  });
});

describe('npm install -g . in a fresh clone', () => {
  it('gives a restaple that says what is missing, and works once that was done', async () => {
    const clone = folder.at('clone');
    const { exitCode } = await runCommand('git', ['clone', '-q', '--depth=1', `file://${projectFolder}`, clone]);
    expect(exitCode).toBe(0);
    const prefix = folder.at('global-clone');
    await npm(['install', '-g', '--prefix', prefix, '.'], clone);
    const installed = join(prefix, 'bin', 'restaple');
    expect(await runCommand(installed, ['--version'])).toMatchObject({
      exitCode: 2,
      stdout: '',
      stderr: `restaple is not built yet: in ${clone}, run npm ci && npm run build\n`,
    });
    // What `npm ci` would put there.
    symlinkSync(join(projectFolder, 'node_modules'), join(clone, 'node_modules'));
    await npm(['run', 'build'], clone);
    const { version } = JSON.parse(readFileSync(join(clone, 'package.json'), 'utf8')) as { version: string };
    expect((await runCommand(installed, ['--version'])).stdout).toContain(`restaple/${version} `);
  });
});
