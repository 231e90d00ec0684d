// Run by the executable's own Node at build: writes V8's code cache of the program after the commands that are run most often.
// node --predictable warm.cjs PROGRAM FIXTURES CACHE
const { readFileSync, rmSync, writeFileSync } = require('node:fs');
const { createServer } = require('node:http');
const { Script } = require('node:vm');

// What is run, and so compiled, must not depend on how fast the machine is: two builds give the same octets.
performance.now = () => 0;

const [, , programPath, fixtures, cachePath] = process.argv;
const script = new Script(readFileSync(programPath, 'latin1'), { filename: 'restaple' });
const program = { exports: {} };
script.runInThisContext()(program.exports, require, program);

const certificate = `${fixtures}/server.pem`;
const given = ['--issuer', `${fixtures}/issuer.pem`, '--at', '2030-01-01T00:00:00Z', certificate];
const response = readFileSync(`${fixtures}/response-good.der`);
const responder = createServer((request, answer) => {
  request.resume().on('end', () => answer.setHeader('content-type', 'application/ocsp-response').end(response));
});
const staple = `${cachePath}.ocsp`;

responder.listen(0, '127.0.0.1', async () => {
  const asked = ['--url', `http://127.0.0.1:${responder.address().port}/`, '--quiet', '--out', staple];
  for (const [exitCode, ...words] of [
    [0, 'uri', certificate],
    [0, '--help'],
    [0, 'verify', '--response', `${fixtures}/response-good.der`, ...given],
    [0, 'fetch', ...asked, ...given],
  ]) {
    await program.exports.run(words);
    if (process.exitCode !== exitCode) throw new Error(`restaple ${words.join(' ')} ended with ${process.exitCode}`);
  }
  rmSync(staple);
  writeFileSync(cachePath, script.createCachedData());
  process.exit(0);
});
