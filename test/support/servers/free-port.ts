import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createConnection, createServer, type Server } from 'node:net';

/** Below the ports that the system gives to outgoing connections and to servers that take any (32768 and on). */
const lowestPort = 10_000;
/** As many as vitest.config.ts has workers: those that run at once try different ports. */
const slices = 4;
const portsInSlice = 5_000;
/** Where the fleet of the benchmark has its responder. */
const benchmarkPort = 21_560;

const ports = portsOfThisProcess();

/** A TCP port of 127.0.0.1 that nobody listens on, and that this process gives to nobody else. */
export async function freePort(): Promise<number> {
  const server = createServer();
  const port = await listenOnFreePort(server);
  server.close();
  await once(server, 'close');
  return port;
}

/** Has a server listen on such a port, and returns it. */
export async function listenOnFreePort(server: Server, host = '127.0.0.1'): Promise<number> {
  for (;;) {
    const port = takePort();
    try {
      server.listen(port, host);
      await once(server, 'listening');
      return port;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    }
  }
}

function takePort(): number {
  const taken = ports.next();
  if (taken.done === true) throw new Error('this process has had every port of its slice');
  return taken.value;
}

/** The slice of this worker from anywhere on, since what the file before it started may still be closing. */
function* portsOfThisProcess(): Generator<number, void> {
  const lowest = lowestPort + portsInSlice * (Number(process.env['VITEST_POOL_ID'] ?? 1) % slices);
  const start = randomInt(portsInSlice);
  for (let count = 0; count < portsInSlice; count += 1) {
    const port = lowest + ((start + count) % portsInSlice);
    if (port !== benchmarkPort) yield port;
  }
}

/** Whether something takes connections at this port of 127.0.0.1, or at the socket of this path. */
export function isListening(place: number | string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(typeof place === 'string' ? { path: place } : { port: place, host: '127.0.0.1' });
    const end = (answer: boolean) => (): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.once('connect', end(true));
    socket.once('error', end(false));
  });
}
