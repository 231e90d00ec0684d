// Run by the executable's own Node at build: writes V8's code cache of the program after the commands that are run most often.
// node --predictable warm.cjs PROGRAM FIXTURES CACHE
const { readFileSync, writeFileSync } = require('node:fs');
const { Script } = require('node:vm');

const [, , programPath, fixtures, cachePath] = process.argv;
const script = new Script(readFileSync(programPath, 'latin1'), { filename: 'restaple' });
const program = { exports: {} };
script.runInThisContext()(program.exports, require, program);

const certificate = `${fixtures}/server.pem`;
const given = ['--issuer', `${fixtures}/issuer.pem`, '--at', '2030-01-01T00:00:00Z', certificate];
// Nothing is asked: what comes when depends on the machine, and two caches would not be the same.
const asked = ['--url', 'http://127.0.0.1:1/', '--allow-private', '--retries', '0', '--out', `${cachePath}.ocsp`];

void (async () => {
  for (const [exitCode, ...words] of [
    [0, 'uri', certificate],
    [0, '--help'],
    [0, 'verify', '--response', `${fixtures}/response-good.der`, ...given],
    [0, 'fetch', '--print-curl', ...asked, ...given],
  ]) {
    await program.exports.run(words);
    if (process.exitCode !== exitCode) throw new Error(`restaple ${words.join(' ')} ended with ${process.exitCode}`);
  }
  writeFileSync(cachePath, script.createCachedData());
  process.exit(0);
})();
