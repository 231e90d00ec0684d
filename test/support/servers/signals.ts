import { chmodSync, rmSync, writeFileSync } from 'node:fs';
import { expect } from 'vitest';

import { daemon as hitch } from '../../../src/servers/hitch/daemon.js';
import { daemon as lighttpd } from '../../../src/servers/lighttpd/daemon.js';
import { daemon as nginx } from '../../../src/servers/nginx/daemon.js';
import { resultOf, type StapleToPush, type TargetResult } from '../../../src/servers/reload-result.js';
import { reloadBySignal } from '../../../src/servers/signal/reload-by-signal.js';
import { createCertId, decodeCertificate } from '../../../src/core/index.js';
import { authority, type ServerCertificate } from './stapling-scene.js';

const daemons = { nginx, hitch, lighttpd };

/** Reloads a running server for real: signals are sent. */
export function reloadServer(
  kind: keyof typeof daemons,
  pidFile: string,
  staples: readonly StapleToPush[],
  {
    watchMilliseconds,
    timeoutMilliseconds = 20_000,
  }: { readonly watchMilliseconds?: number; readonly timeoutMilliseconds?: number } = {},
): Promise<TargetResult> {
  const tools = {
    limits: { timeoutMilliseconds, signal: new AbortController().signal },
    effectiveUserId: process.geteuid?.() ?? -1,
    sendSignal: (pid: number, signal: 'SIGHUP' | 'SIGUSR1') => void process.kill(pid, signal),
    ...(watchMilliseconds === undefined ? {} : { watchMilliseconds }),
  };
  return resultOf(`${kind}:${pidFile}`, staples, () => reloadBySignal(daemons[kind], pidFile, staples, tools));
}

/** The staple of a server certificate as the drivers get it. */
export function changedStaple(server: ServerCertificate, bytes: Uint8Array): StapleToPush {
  const issuer = decodeCertificate(authority.certificate.der);
  return {
    certificatePath: server.chain,
    certificate: server.certificate,
    staplePath: server.staplePath,
    bytes,
    certId: createCertId(server.certificate, issuer, 'sha1'),
    nextUpdate: new Date('2049-01-01T00:00:00Z'),
    isChanged: true,
  };
}

/** Tries pid files that must not lead to a signal, and expects each to be refused. */
export async function expectRefusedPidFiles(
  kind: keyof typeof daemons,
  options: { readonly pid: number; readonly folder: string; readonly staple: StapleToPush },
): Promise<void> {
  const { pid, folder, staple } = options;
  const codeFor = async (contents: string, mode: number): Promise<string | undefined> => {
    const path = `${folder}/tried.pid`;
    rmSync(path, { force: true });
    writeFileSync(path, contents, { mode: 0o644 });
    chmodSync(path, mode);
    const result = await reloadServer(kind, path, [staple]);
    expect(result.ok).toBe(false);
    return result.error?.code;
  };
  expect(await codeFor(`${process.pid}\n`, 0o644)).toBe('wrong-process');
  // Above every pid_max, and so never a process.
  expect(await codeFor('4194304\n', 0o644)).toBe('not-running');
  expect(await codeFor(`${pid}\n`, 0o666)).toBe('pid-file-unsafe');
  expect(await codeFor(`${pid} 1\n`, 0o644)).toBe('pid-file-unsafe');
}
