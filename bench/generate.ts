import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { promisify } from 'node:util';
import { createCertificateAuthority } from '../test/support/pki.js';
import { programPath } from '../test/support/run-program.js';
import { createTemporaryFolder, type TemporaryFolder } from '../test/support/temporary-folder.js';
import { median, type Row } from './table.js';

const run = promisify(execFile);

const certificates = 1000;
const minimumPerSecond = 500;
const runs = 5;

/**
 * `restaple generate` of 1,000 certificates in one call, ECDSA P-256 keys, each response verified and written with fsync:
 * certificates a second of processor time (user and system, all threads) and of the clock, start of the process included.
 */
export async function benchGenerate(): Promise<Row[]> {
  const folder = createTemporaryFolder('restaple-bench-');
  try {
    const words = prepare(folder);
    const found: Seconds[] = [];
    // One more than counted: the first warms the file cache and makes the files that the others replace.
    for (let number = 0; number <= runs; number += 1) {
      const seconds = await timeOf(words);
      if (number > 0) found.push(seconds);
    }
    const written = readdirSync(folder.at('certificates')).filter((name) => name.endsWith('.ocsp')).length;
    if (written !== certificates) throw new Error(`${written} responses were written, not ${certificates}`);
    return [
      rateRow('of one core', median(found.map(({ processor }) => processor))),
      rateRow('of the clock', median(found.map(({ clock }) => clock))),
    ];
  } finally {
    folder.remove();
  }
}

function prepare(folder: TemporaryFolder): string[] {
  const authority = createCertificateAuthority({ name: 'Bench CA', keyType: 'ec-p256' });
  for (let number = 0; number < certificates; number += 1) {
    folder.write(`certificates/${number}.pem`, authority.issue().certificate.pem);
  }
  const ca = ['--ca-cert', folder.write('ca.pem', authority.certificate.pem)];
  const key = ['--ca-key', folder.write('ca.key', authority.keyPem, 0o600)];
  return ['generate', ...ca, ...key, folder.at('certificates')];
}

interface Seconds {
  readonly processor: number;
  readonly clock: number;
}

/** Node tells the processor time of its children to nobody; the shell does. */
async function timeOf(words: readonly string[]): Promise<Seconds> {
  // NODE_EXTRA_CA_CERTS makes Node read a whole bundle at every start.
  const environment: NodeJS.ProcessEnv = { ...process.env, TIMEFORMAT: '%R %U %S', LC_ALL: 'C' };
  delete environment['NODE_EXTRA_CA_CERTS'];
  const command = ['-c', 'time "$@"', 'bash', process.execPath, programPath, ...words];
  const { stderr } = await run('bash', command, { env: environment });
  const times = stderr.trim().split('\n').at(-1)?.split(' ').map(Number) ?? [];
  const [clock = Number.NaN, user = Number.NaN, system = Number.NaN] = times;
  return { processor: user + system, clock };
}

function rateRow(unit: string, seconds: number): Row {
  const perSecond = certificates / seconds;
  return {
    what: `\`restaple generate\`, ${certificates} certificates, ECDSA P-256: a second ${unit}`,
    measured: `${perSecond.toFixed(0)} (${seconds.toFixed(2)} s)`,
    bound: String(minimumPerSecond),
    isMet: perSecond >= minimumPerSecond,
  };
}
