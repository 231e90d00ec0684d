#!/usr/bin/env node
// Only what an old Node understands: the program itself is loaded where it can run.
const [major, minor] = process.version.slice(1).split('.').map(Number);

if (major > 22 || (major === 22 && minor >= 12) || (major === 20 && minor >= 19)) {
  import('../dist/cli/main.js').then(({ main }) => main(process.argv.slice(2)), refuseUnbuilt);
} else {
  refuse(`restaple needs Node.js 20.19, 22.12 or newer; this is ${process.version}`);
}

/** A clone that was linked or run before its build. */
function refuseUnbuilt(error) {
  if (error.code !== 'ERR_MODULE_NOT_FOUND' || !error.message.includes("dist/cli/main.js'")) throw error;
  refuse(`restaple is not built yet: in ${require('path').dirname(__dirname)}, run npm ci && npm run build`);
}

function refuse(line) {
  process.stderr.write(`${line}\n`);
  process.exit(2);
}
