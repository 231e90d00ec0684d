// The start of the single executable: the program and V8's code cache of it, both out of the executable itself.
const { Buffer } = require('node:buffer');
const { getRawAsset } = require('node:sea');
const { Script } = require('node:vm');

// One octet a character: as build.mjs writes it.
const source = Buffer.from(getRawAsset('program')).latin1Slice();
const script = new Script(source, { filename: 'restaple', cachedData: Buffer.from(getRawAsset('code-cache')) });
const program = { exports: {} };
script.runInThisContext()(program.exports, require, program);
// When nothing is left to do, Node would free its memory piece by piece before it ends.
process.once('beforeExit', () => process.exit());
void program.exports.run(process.argv.slice(2));
