import { mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { transformSync } from 'esbuild';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { answer } from '../support/answer.js';
import { buildCrl, crlNumber, deltaCrlIndicator } from '../support/crl.js';
import { startResponder, type Responder } from '../support/misbehaving-responder.js';
import { createCertificateAuthority } from '../support/pki.js';
import { projectFolder, runCommand } from '../support/run-program.js';
import { createTemporaryFolder } from '../support/temporary-folder.js';

const page = readFileSync(join(projectFolder, 'docs', 'library.md'), 'utf8');

/** The examples, each with the heading that it stands under. */
const examples = [...page.matchAll(/^(?:## (.+)|```ts\n([\s\S]*?)^```)$/gm)].reduce<{ title: string; code: string }[]>(
  (found, [, heading, code]) =>
    code === undefined
      ? [...found, { title: heading!, code: '' }]
      : [...found, { title: found.at(-1)?.title ?? '', code }],
  [],
);
const runnable = examples.filter(({ code }) => code !== '').map((one, index) => ({ ...one, number: index + 1 }));

/** What the comments behind `console.log` say. */
function expectedOutput(code: string): string {
  return [...code.matchAll(/console\.log\(.*\); \/\/ (.+)$/gm)].map(([, text]) => `${text!}\n`).join('');
}

const folder = createTemporaryFolder('restaple-library-');
let responder: Responder;

beforeAll(async () => {
  responder = await startResponder();
  const authority = createCertificateAuthority();
  responder.behaviour = answer(authority, 'good', { delegate: authority.issueResponder() });
  const write = (name: string, url: string): string => {
    const { certificate, serialNumber } = authority.issue({ ocspUris: [url] });
    folder.write(name, certificate.pem + authority.certificate.pem);
    return serialNumber;
  };
  // The examples reach a responder of the internet, by the proxy of the environment.
  for (const name of ['site', 'stolen', 'certs/one', 'certs/two', 'more/three']) {
    const serialNumber = write(`${name}.pem`, 'http://ocsp.example/');
    if (name === 'stolen') writeCrls(serialNumber);
  }
  write('intranet.pem', responder.url);
  folder.write('ca.pem', authority.certificate.pem);
  folder.write('ca.key', authority.keyPem, 0o600);
  mkdirSync(folder.at('staples'));
  mkdirSync(folder.at('node_modules'));
  symlinkSync(projectFolder, folder.at('node_modules', 'restaple'));
  folder.write('package.json', '{ "type": "module" }');
  for (const { number, code } of runnable) folder.write(`${number}.ts`, code.replace('PORT', String(responder.port)));

  function writeCrls(serialNumber: string): void {
    const times = { thisUpdate: new Date(Date.now() - 3_600_000), nextUpdate: new Date(Date.now() + 86_400_000) };
    const usual = { issuer: authority, ...times };
    const entries = [{ serialNumber, revokedAt: times.thisUpdate }];
    const delta = { ...usual, entries, extensions: [crlNumber(2), deltaCrlIndicator(1)] };
    folder.write('ca.crl', buildCrl({ ...usual, extensions: [crlNumber(1)] }).pem);
    folder.write('ca-delta.crl', buildCrl(delta).pem);
  }
});

afterAll(async () => {
  await responder.close();
  folder.remove();
});

it('an outcome has a field with a value, or not at all', async () => {
  folder.write(
    'fields.js',
    `import { fetchStaple, fetchStaples, listCertificates } from 'restaple';
const outcomes = [await fetchStaple('intranet.pem')];
for await (const { outcome } of fetchStaples(await listCertificates([{ path: 'intranet.pem' }]))) outcomes.push(outcome);
for (const outcome of outcomes) console.log(outcome.outcome, 'staple' in outcome, 'verdict' in outcome, 'nextRefresh' in outcome);
`,
  );
  const result = await runCommand(process.execPath, ['fields.js'], { cwd: folder.path });
  const line = 'unavailable true false false\n';
  expect(result).toMatchObject({ exitCode: 0, stdout: line + line, stderr: '' });
});

describe('the examples of the library page', () => {
  it('are there, and each says what it prints', () => {
    expect(runnable.length).toBeGreaterThan(6);
    for (const { code } of runnable) expect(expectedOutput(code), code).not.toBe('');
  });

  it.each(runnable)('run and print what the page says: $title ($number)', async ({ number, code }) => {
    const { code: script } = transformSync(readFileSync(folder.at(`${number}.ts`), 'utf8'), { loader: 'ts' });
    folder.write(`${number}.js`, script);
    const env = { http_proxy: responder.url, no_proxy: '127.0.0.1' };
    const result = await runCommand(process.execPath, [`${number}.js`], { cwd: folder.path, env });
    expect(result).toMatchObject({ exitCode: 0, stdout: expectedOutput(code), stderr: '' });
  });

  it('are correct TypeScript', () => {
    const program = ts.createProgram(
      runnable.map(({ number }) => folder.at(`${number}.ts`)),
      {
        module: ts.ModuleKind.NodeNext,
        target: ts.ScriptTarget.ES2023,
        strict: true,
        noUncheckedIndexedAccess: true,
        exactOptionalPropertyTypes: true,
        noEmit: true,
        skipLibCheck: true,
        typeRoots: [join(projectFolder, 'node_modules', '@types')],
        types: ['node'],
      },
    );
    const mistakes = ts.getPreEmitDiagnostics(program).map(({ messageText, file, start }) => {
      const text = ts.flattenDiagnosticMessageText(messageText, '\n');
      return `${file?.fileName ?? ''} ${file?.text.slice(start ?? 0, (start ?? 0) + 40) ?? ''}: ${text}`;
    });
    expect(mistakes).toEqual([]);
  });
});
