import { createServer, type Server, type Socket } from 'node:net';

/** What a fake haproxy does with a command: answers, says nothing, or ends the connection, by a reset or after some words. */
export type FakeReply = string | { readonly fault: 'silence' | 'reset' } | { readonly lastWords: string };

export interface FakeCommand {
  readonly command: string;
  readonly payload: string | undefined;
}

export interface FakeHaproxy {
  /** For `haproxy:…`. */
  readonly address: string;
  /** Every command but `prompt`, oldest first. */
  readonly commands: FakeCommand[];
  readonly connections: () => number;
  readonly close: () => Promise<void>;
}

/**
 * A runtime API that speaks the prompt and the `<<` form as haproxy does and answers as it is told: for what the packaged
 * version does not show.
 *
 * @param socketPath a unix socket; left out, a free port of 127.0.0.1
 */
export async function startFakeHaproxy(
  reply: (command: FakeCommand) => FakeReply,
  socketPath?: string,
): Promise<FakeHaproxy> {
  const commands: FakeCommand[] = [];
  const sockets = new Set<Socket>();
  let accepted = 0;
  const server = createServer((socket) => {
    accepted += 1;
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
    let received = '';
    let header: string | undefined;
    socket.on('data', (chunk) => {
      received += chunk.toString('latin1');
      for (let end = received.indexOf('\n'); end >= 0; end = received.indexOf('\n')) {
        const line = received.slice(0, end);
        received = received.slice(end + 1);
        if (header === undefined && line === 'prompt') {
          socket.write('\n> ');
        } else if (header === undefined && line.endsWith(' <<')) {
          header = line.slice(0, -3);
          payload = [];
          socket.write('+ ');
        } else if (header !== undefined && line !== '') {
          payload.push(line);
          socket.write('+ ');
        } else {
          const one = { command: header ?? line, payload: header === undefined ? undefined : payload.join('') };
          header = undefined;
          commands.push(one);
          send(socket, reply(one));
        }
      }
    });
    let payload: string[] = [];
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    if (socketPath === undefined) server.listen(0, '127.0.0.1', resolve);
    else server.listen(socketPath, resolve);
  });
  return {
    address: addressOf(server),
    commands,
    connections: () => accepted,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

function send(socket: Socket, reply: FakeReply): void {
  if (typeof reply === 'string') socket.write(`${reply}\n\n> `);
  else if ('lastWords' in reply) socket.end(reply.lastWords);
  else if (reply.fault === 'reset') socket.resetAndDestroy();
}

function addressOf(server: Server): string {
  const address = server.address();
  if (address === null) throw new Error('the fake haproxy does not listen');
  return typeof address === 'string' ? address : `${address.address}:${address.port}`;
}
