import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** One run of a program, whole, from outside. */
export interface Measured {
  readonly seconds: number;
  /** The largest resident memory of the process, in MB (1,000,000 bytes); NaN where there is no /proc. */
  readonly peakMegabytes: number;
  readonly stdout: string;
}

const sampledEveryMilliseconds = 20;

/** Runs a program that has to end with 0; its error names what it said. */
export function runMeasured(command: string, words: readonly string[]): Promise<Measured> {
  // NODE_EXTRA_CA_CERTS makes Node read a whole bundle at every start.
  const environment = { ...process.env };
  delete environment['NODE_EXTRA_CA_CERTS'];
  return new Promise((resolve, reject) => {
    const started = performance.now();
    const child = spawn(command, words, { stdio: ['ignore', 'pipe', 'pipe'], env: environment });
    let peak = Number.NaN;
    // The kernel keeps the peak itself, so a sample misses only what grows in the last milliseconds; rusage would count Node's fork.
    const sampler = setInterval(() => (peak = peakOf(child.pid) ?? peak), sampledEveryMilliseconds);
    const output: Buffer[] = [];
    const talk: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => output.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => talk.push(chunk));
    child.on('error', reject);
    child.on('close', (code, signal) => {
      clearInterval(sampler);
      const seconds = (performance.now() - started) / 1000;
      if (code === 0) resolve({ seconds, peakMegabytes: peak, stdout: Buffer.concat(output).toString() });
      else reject(new Error(`${words.join(' ')} ended with ${String(code ?? signal)}: ${firstLines(talk)}`));
    });
  });
}

function peakOf(pid: number | undefined): number | undefined {
  try {
    const kibibytes = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid ?? 0}/status`, 'latin1'))?.[1];
    return kibibytes === undefined ? undefined : (Number(kibibytes) * 1024) / 1_000_000;
  } catch {
    // It has ended, or this is not Linux.
    return undefined;
  }
}

function firstLines(talk: readonly Buffer[]): string {
  return Buffer.concat(talk).toString().split('\n').slice(0, 5).join('\n');
}
