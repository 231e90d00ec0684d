#!/usr/bin/env node
// Only what an old Node understands: the program itself is loaded where it can run.
const [major, minor] = process.version.slice(1).split('.').map(Number);

if (major > 22 || (major === 22 && minor >= 12) || (major === 20 && minor >= 19)) {
  start();
} else {
  refuse(`restaple needs Node.js 20.19, 22.12 or newer; this is ${process.version}`);
}

function start() {
  // When nothing is left to do, Node would free its memory piece by piece before it ends. A plug-in may still want to do something.
  process.once('beforeExit', () => {
    if (process.listenerCount('beforeExit') === 0) process.exit();
  });
  try {
    void require('./program.js').main(process.argv.slice(2));
  } catch (error) {
    // A clone that was linked or run before its build.
    if (error.code !== 'MODULE_NOT_FOUND' || !error.message.includes('restaple.cjs')) throw error;
    refuse(`restaple is not built yet: in ${require('path').dirname(__dirname)}, run npm ci && npm run build`);
  }
}

function refuse(line) {
  process.stderr.write(`${line}\n`);
  process.exit(2);
}
