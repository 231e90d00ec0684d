import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Row } from '../table.js';
import type { Fleet } from './fleet-folder.js';

const run = promisify(execFile);

/** Where Debian's golang-golang-x-crypto-dev puts the sources. */
const debianSources = '/usr/share/gocode';

/** Why the peer cannot be built: said in the table in place of its rows. */
export class NoGo extends Error {}

/**
 * Builds the Go program of peer/ into the folder, from Debian's packages and without network, and returns its path.
 *
 * @throws NoGo where Go or x/crypto/ocsp is not installed
 */
export async function buildPeer(folder: string): Promise<string> {
  const program = join(folder, 'peer');
  const environment = { ...process.env, GO111MODULE: 'off', GOPATH: debianSources, GOFLAGS: '' };
  try {
    await run('go', ['build', '-o', program, '.'], { cwd: join(import.meta.dirname, 'peer'), env: environment });
  } catch (error) {
    const { code, stderr = '' } = error as NodeJS.ErrnoException & { stderr?: string };
    const isMissing = code === 'ENOENT' || stderr.includes('cannot find package');
    if (!isMissing) throw error;
    throw new NoGo('Go is not installed (apt-get install golang-go golang-golang-x-crypto-dev)', { cause: error });
  }
  return program;
}

/** The row in place of those that need the peer. */
export function missingPeerRow(what: string, why: NoGo): Row {
  return { what, measured: `not measured: ${why.message}`, bound: '—', isMet: false };
}

export interface PeerResponder {
  stop(): Promise<void>;
}

/** Starts `peer serve` with the answers of a fleet, at the port that its certificates name; ready when this resolves. */
export async function startPeerResponder(peer: string, fleet: Fleet, delay = '0s'): Promise<PeerResponder> {
  const words = ['serve', '-listen', `127.0.0.1:${fleet.port}`, '-answers', fleet.answers, '-delay', delay];
  const child = spawn(peer, words, { stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = once(child, 'exit');
  let talk = '';
  child.stderr.on('data', (chunk: Buffer) => (talk += chunk.toString()));
  const isReady = await Promise.race([once(child.stdout, 'data').then(() => true), ended.then(() => false)]);
  if (!isReady) throw new Error(`the responder did not start: ${talk}`);
  return {
    stop: async () => {
      child.kill('SIGTERM');
      await ended;
    },
  };
}
