import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { arch, tmpdir } from 'node:os';
import { join } from 'node:path';
import { answer } from '../test/support/answer.js';
import { startResponder } from '../test/support/misbehaving-responder.js';
import { createCertificateAuthority } from '../test/support/pki.js';
import { programPath } from '../test/support/run-program.js';
import { median, type Row } from './table.js';

const runs = 15;

/** What is started, and a bare Node.js of the same version beside it. */
interface Program {
  readonly name: string;
  readonly command: readonly [string, ...string[]];
  readonly node: string;
  readonly bounds: Readonly<Record<'uri' | 'help' | 'fetch', number>>;
}

/** Start-up as a multiple of a bare `node -e 0`: medians over runs that alternate, so that a busy machine slows both. */
export async function benchStart(): Promise<Row[]> {
  const bounds = { uri: 2.4, help: 2.4, fetch: 3.4 };
  return await benchProgram({
    name: 'restaple',
    command: [process.execPath, programPath],
    node: process.execPath,
    bounds,
  });
}

/** The same of the executable, which `npm run build:binary` makes. */
export async function benchExecutable(): Promise<Row[]> {
  const build = join(import.meta.dirname, '..', 'build');
  const architecture = arch() === 'x64' ? 'amd64' : arch();
  const packaged = `node-linux-${arch()}`;
  return await benchProgram({
    name: 'the executable:',
    command: [join(build, 'binary', architecture, 'restaple')],
    node: join(build, 'tools', architecture, 'node_modules', packaged, 'bin', 'node'),
    bounds: { uri: 1.8, help: 1.8, fetch: 2.6 },
  });
}

async function benchProgram(program: Program): Promise<Row[]> {
  const folder = await mkdtemp(join(tmpdir(), 'restaple-bench-'));
  const responder = await startResponder();
  try {
    const authority = createCertificateAuthority({ name: 'Bench CA', keyType: 'rsa-2048' });
    const site = authority.issue({ ocspUris: [responder.url], keyType: 'rsa-2048' });
    responder.behaviour = answer(authority, 'good');
    const file = join(folder, 'site.pem');
    await writeFile(file, site.certificate.pem + authority.certificate.pem);
    const { name, bounds } = program;
    return await measure(program, [
      { name: `${name} uri CERT`, bound: bounds.uri, words: ['uri', file] },
      { name: `${name} --help`, bound: bounds.help, words: ['--help'] },
      { name: `${name} verify CERT`, bound: undefined, words: ['verify', file] },
      {
        name: `${name} fetch CERT, one certificate from loopback`,
        bound: bounds.fetch,
        words: ['fetch', '--force', '--allow-private', file],
      },
    ]);
  } finally {
    await responder.close();
    await rm(folder, { recursive: true, force: true });
  }
}

interface Subject {
  readonly name: string;
  readonly bound: number | undefined;
  readonly words: readonly string[];
}

async function measure({ command, node }: Program, subjects: readonly Subject[]): Promise<Row[]> {
  const times = new Map<string, number[]>();
  const bare: number[] = [];
  // One more than counted: the first warms the file cache.
  for (let run = 0; run <= runs; run += 1) {
    const bareTime = await timeOf([node, '-e', '0']);
    if (run > 0) bare.push(bareTime);
    // The last first, so that `verify` finds what `fetch` stored.
    for (const { name, words } of [...subjects].reverse()) {
      const time = await timeOf([...command, ...words]);
      if (run > 0) times.set(name, [...(times.get(name) ?? []), time]);
    }
  }
  const bareMedian = median(bare);
  return subjects.map(({ name, bound }) => {
    const ownMedian = median(times.get(name) ?? []);
    const ratio = ownMedian / bareMedian;
    return {
      what: `\`${name}\``,
      measured: `${ratio.toFixed(1)} × \`node -e 0\` (${Math.round(ownMedian)} ms)`,
      bound: bound === undefined ? '—' : `${bound} ×`,
      isMet: bound === undefined || ratio <= bound,
    };
  });
}

function timeOf([program, ...words]: readonly [string, ...string[]]): Promise<number> {
  // NODE_EXTRA_CA_CERTS makes Node read a whole bundle at every start.
  const environment = { ...process.env };
  delete environment['NODE_EXTRA_CA_CERTS'];
  return new Promise((resolve, reject) => {
    const started = performance.now();
    const child = spawn(program, words, { stdio: 'ignore', env: environment });
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve(performance.now() - started);
      else reject(new Error(`${program} ${words.join(' ')} ended with ${String(code)}`));
    });
  });
}
