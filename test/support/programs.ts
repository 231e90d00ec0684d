import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { TestTagDefinition } from 'vitest/config';

interface Program {
  /** The Debian packages that have it. */
  readonly packages?: string;
  /** It is not an executable of this name, but these files. */
  readonly isFiles?: true;
  /** Files that have to be there as well. */
  readonly files?: readonly string[];
  /** What it must be able to do: containers and chroots forbid some things. */
  readonly trial?: readonly string[];
  /** What to do where a package does not help. */
  readonly remedy?: string;
  /** The arguments by which it says its version. */
  readonly versionBy?: readonly string[];
  /** It serves TLS with staples, and the next Debian has it too. */
  readonly isServer?: true;
}

/**
 * The programs of others that tests run. Each name is a tag: a test, a `describe` or a file that needs programs says so by
 * `{ tags: ['openssl', 'curl'] }` after its title or by a line `// @module-tag openssl`, and is skipped where one is missing.
 */
const programs: Readonly<Record<string, Program>> = {
  apache2: { packages: 'apache2' },
  bash: { packages: 'bash' },
  'bash-completion': {
    packages: 'bash-completion',
    isFiles: true,
    files: ['/usr/share/bash-completion/bash_completion'],
  },
  buildah: { packages: 'buildah' },
  chroot: { packages: 'coreutils', trial: ['/', '/bin/true'], remedy: 'run them as root' },
  chromium: { packages: 'chromium', isFiles: true, files: ['/usr/bin/chromium'] },
  curl: { packages: 'curl' },
  dnsdist: { packages: 'dnsdist', versionBy: ['--version'], isServer: true },
  exim4: { packages: 'exim4-daemon-light', versionBy: ['-bV'], isServer: true },
  faketime: { packages: 'faketime' },
  fish: { packages: 'fish' },
  flock: { packages: 'util-linux' },
  h2o: { packages: 'h2o' },
  haproxy: { packages: 'haproxy', versionBy: ['-v'], isServer: true },
  hitch: { packages: 'hitch', versionBy: ['--version'], isServer: true },
  ip: { packages: 'iproute2' },
  kill: { packages: 'procps' },
  lighttpd: {
    packages: 'lighttpd lighttpd-mod-openssl',
    files: ['/usr/lib/lighttpd/mod_openssl.so'],
    versionBy: ['-v'],
    isServer: true,
  },
  lintian: { packages: 'lintian' },
  localhost: { isFiles: true, files: ['/etc/hosts'], remedy: 'name localhost in /etc/hosts' },
  man: { packages: 'man-db' },
  mandoc: { packages: 'mandoc' },
  nginx: { packages: 'nginx-light', versionBy: ['-v'], isServer: true },
  ocsptool: { packages: 'gnutls-bin' },
  openssl: { packages: 'openssl', versionBy: ['version'] },
  perl: { packages: 'perl-base' },
  promtool: { packages: 'prometheus' },
  ps: { packages: 'procps' },
  python3: { packages: 'python3' },
  'python3-cryptography': {
    packages: 'python3-cryptography',
    isFiles: true,
    files: ['/usr/bin/python3', '/usr/lib/python3/dist-packages/cryptography'],
  },
  rpm: { packages: 'rpm cpio', files: ['/usr/bin/cpio', '/usr/bin/rpmbuild'] },
  setpriv: { packages: 'util-linux' },
  strace: { packages: 'strace', trial: ['-o', '/dev/null', 'true'], remedy: 'let strace trace' },
  'systemd-analyze': { packages: 'systemd' },
  'systemd-notify': { packages: 'systemd' },
  traffic_manager: { packages: 'trafficserver' },
  unshare: { packages: 'util-linux', trial: ['--mount', 'true'], remedy: 'let unshare --mount succeed' },
  zsh: { packages: 'zsh' },
};

// Debian keeps servers where only root's PATH looks.
const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin'];

const missing = new Set(Object.keys(programs).filter((name) => !isUsable(name)));

/** Whether a missing program fails the tests that need it, as in CI. */
export const needsAll = process.env['RESTAPLE_TEST_ALL'] === '1';

/** Which of these tags are programs that this machine has not. */
export function missingAmong(tags: readonly string[]): string[] {
  return tags.filter((tag) => missing.has(tag));
}

/** What has to be done for programs that are missing. */
export function remedyFor(names: Iterable<string>): string {
  const packages = new Set<string>();
  const remedies: string[] = [];
  for (const name of names) {
    const { packages: own, remedy } = programs[name] ?? {};
    if (remedy !== undefined && (own === undefined || isThere(name))) remedies.push(remedy);
    else for (const each of own?.split(' ') ?? []) packages.add(each);
  }
  const install = packages.size === 0 ? [] : [`apt-get install ${[...packages].sort().join(' ')}`];
  return [...install, ...remedies].join('; ');
}

/** The tags of the servers that staple. */
export const serverTags: readonly string[] = Object.entries(programs).flatMap(([name, { isServer }]) =>
  isServer === undefined ? [] : [name],
);

/**
 * Whether the server of this name, or the OpenSSL that servers use, is of this version or newer, as `3.0`. One that is not
 * installed is as new as can be: its tests are then skipped by their tags, and not by their version.
 */
export function isSince(name: string, version: string): boolean {
  const { versionBy } = programs[name] ?? {};
  if (versionBy === undefined) throw new Error(`${name} says no version in the table`);
  if (missing.has(name)) return true;
  const installed = versions.get(name) ?? versionOf(name, versionBy);
  versions.set(name, installed);
  const [wanted = [], own = []] = [version, installed].map((text) => text.split('.').map(Number));
  const different = wanted.findIndex((part, index) => part !== (own[index] ?? 0));
  return different === -1 || (own[different] ?? 0) > wanted[different]!;
}

const versions = new Map<string, string>();

function versionOf(name: string, args: readonly string[]): string {
  const { stdout, stderr } = spawnSync(name, args, {
    encoding: 'utf8',
    env: { ...process.env, PATH: folders.join(delimiter) },
  });
  const version = /\d+(?:\.\d+)+/.exec(stdout + stderr)?.[0];
  if (version === undefined) throw new Error(`${name} ${args.join(' ')} says no version: ${stdout}${stderr}`);
  return version;
}

/** The tags for vitest's configuration: that of a missing program skips. */
export function programTags(): TestTagDefinition[] {
  return Object.keys(programs).map((name) => ({
    name,
    description: `needs ${name}: ${remedyFor([name])}`,
    skip: missing.has(name) && !needsAll,
  }));
}

function isUsable(name: string): boolean {
  const { isFiles = false, files = [], trial } = programs[name] ?? {};
  const isComplete = files.every((file) => existsSync(file)) && (isFiles || isThere(name));
  return isComplete && (trial === undefined || spawnSync(name, trial).status === 0);
}

function isThere(name: string): boolean {
  return folders.some((folder) => isExecutable(join(folder, name)));
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
