// A process that runs the built program again and again, a command line at a time, as a process of its own would.
//
// It has real pipes for stdout and stderr, and a run is over when nothing keeps the process alive any more, which is when a
// process of its own would end. What a run may leave behind is put back or, where it cannot be, the process ends there and
// then as such a process does: whoever asked reads its exit code from its end.
import { Buffer } from 'node:buffer';
import diagnostics from 'node:diagnostics_channel';
import { closeSync, readdirSync, readlinkSync } from 'node:fs';
import { Readable } from 'node:stream';
import { pathToFileURL } from 'node:url';

/** As many octets as a pipe gives at a time. */
const chunkSize = 64 * 1024;

const [, , programPath = '', mainPath = ''] = process.argv;
const { main } = await import(pathToFileURL(mainPath).href);

const { channel } = process;
const send = process.send.bind(process);
const streams = { stdout: process.stdout, stderr: process.stderr };
const writes = Object.entries(streams).map(([name, stream]) => ({ name, stream, write: stream.write.bind(stream) }));
const threads = new Set();
const sockets = new Set();

delete process.send;
diagnostics.subscribe('net.client.socket', ({ socket }) => {
  sockets.add(socket);
  socket.once('close', () => sockets.delete(socket));
});
process.on('worker', (thread) => {
  threads.add(thread);
  thread.once('exit', () => threads.delete(thread));
});
process.on('disconnect', () => process.exit());
process.on('message', (request) => void begin(request));
process.on('beforeExit', end);
// The first signal that is listened for opens two descriptors, which stay.
process.on('SIGHUP', begin).off('SIGHUP', begin);

const emitters = [process, process.stdout, process.stderr];
/** What there is before the first run, but not before this module is through: Node.js listens until then. */
let before;
let sentinel;
let isThrough = false;
send('ready');

async function begin(request) {
  before ??= { listeners: emitters.map(listenersOf), descriptors: openDescriptors() };
  sentinel = request.sentinel;
  process.argv = [process.execPath, programPath, ...request.args];
  for (const name of Object.keys(process.env)) if (!(name in request.env)) delete process.env[name];
  Object.assign(process.env, request.env);
  process.umask(request.umask);
  process.chdir(request.cwd);
  const stdin = inputOf(request.input);
  Object.defineProperty(process, 'stdin', { configurable: true, enumerable: true, get: () => stdin });
  channel.unref();
  isThrough = false;
  await main([...request.args]);
  isThrough = true;
}

/** Nothing keeps the process alive: the run is over. */
function end() {
  if (sentinel === undefined) return;
  // What Node.js ends with where a module waits for what never comes, as bin/run.js then does.
  if (!isThrough) process.exitCode = 13;
  if (!isThrough || !isAsBefore()) return;
  for (const listener of newExitListeners()) listener.call(process, process.exitCode);
  const { exitCode } = process;
  process.exitCode = undefined;
  process.chdir('/');
  // The program puts methods of its own before those of the streams, for output that cannot be written.
  for (const { stream } of writes) for (const name of ['write', 'emit']) delete stream[name];
  for (const [index, emitter] of emitters.entries()) putBackListeners(emitter, before.listeners[index]);
  channel.ref();
  for (const { write } of writes) write(sentinel);
  sentinel = undefined;
  send({ exitCode: Number(exitCode ?? 0) });
}

/** Whether the run left nothing that a next one could meet; idle connections, with which a process may end, are closed. */
function isAsBefore() {
  for (const socket of sockets) socket.destroy();
  closeSinks();
  const isWhole = writes.every(({ name, stream }) => process[name] === stream && stream.writable && !stream.destroyed);
  return isWhole && threads.size === 0 && openDescriptors() === before.descriptors;
}

/** The end of a process closes /dev/null too. */
function closeSinks() {
  for (const name of readdirSync('/proc/self/fd')) {
    const isKnown = before.descriptors.split('\n').includes(`${name} /dev/null`);
    if (!isKnown && targetOf(name) === '/dev/null') closeSync(Number(name));
  }
}

/** What the run would still do when its process ends. */
function newExitListeners() {
  const known = before.listeners[0].get('exit') ?? [];
  return process.listeners('exit').filter((listener) => !known.includes(listener));
}

function listenersOf(emitter) {
  return new Map(emitter.eventNames().map((name) => [name, emitter.rawListeners(name)]));
}

function putBackListeners(emitter, known) {
  for (const name of emitter.eventNames()) if (!known.has(name)) emitter.removeAllListeners(name);
  for (const [name, all] of known) {
    const now = emitter.rawListeners(name);
    if (now.length === all.length && now.every((listener, index) => listener === all[index])) continue;
    emitter.removeAllListeners(name);
    for (const listener of all) emitter.on(name, listener);
  }
}

/** What this process has open, as text; the folder that is read for it is not in it. */
function openDescriptors() {
  const all = readdirSync('/proc/self/fd').map((name) => [name, targetOf(name)]);
  return all.flatMap(([name, target]) => (target === undefined ? [] : [`${name} ${target}`])).join('\n');
}

function targetOf(name) {
  try {
    return readlinkSync(`/proc/self/fd/${name}`);
  } catch {
    return undefined;
  }
}

function inputOf(input) {
  const bytes = Buffer.from(input);
  const stdin = new Readable({ read() {} });
  for (let from = 0; from < bytes.length; from += chunkSize) stdin.push(bytes.subarray(from, from + chunkSize));
  stdin.push(null);
  return stdin;
}
