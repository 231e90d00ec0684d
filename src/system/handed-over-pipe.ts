import { constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { OcspError } from '../core/ocsp-error.js';
import { shownPath, type FilePath } from '../core/file-path.js';
import { systemErrorCode } from './system-error.js';

/** What came through each pipe, by the path that names it. */
const contents = new Map<string, Uint8Array>();

export interface PipeLimits {
  readonly octets: number;
  /** How long nothing may come, in milliseconds. */
  readonly silenceMilliseconds: number;
}

/** A descriptor that the caller opened for this process: `/dev/stdin`, or `/dev/fd/63` as of `<(command)`. */
export function isDescriptorPath(path: string): boolean {
  return /^(?:\/dev\/stdin|(?:\/dev|\/proc\/self)\/fd\/\d{1,6})$/.test(path);
}

/**
 * Reads the pipes and sockets among these paths to their end, so that they can be read as files are from then on, and by
 * several. Others are not touched. A signal ends the process meanwhile.
 *
 * @throws OcspError `file-unreadable` when nothing comes for too long, `file-too-large`
 */
export async function readHandedOverPipes(paths: Iterable<string>, limits: PipeLimits): Promise<void> {
  for (const path of new Set(paths)) {
    const descriptor = path === '/dev/stdin' ? 0 : Number(path.slice(path.lastIndexOf('/') + 1));
    if (isReadablePipe(descriptor)) contents.set(path, await readToItsEnd(path, descriptor, limits));
  }
}

/** What came through the pipe that this path names, where the caller handed it over. */
export function handedOver(path: FilePath): Uint8Array | undefined {
  return contents.size === 0 ? undefined : contents.get(shownPath(path));
}

function isReadablePipe(descriptor: number): boolean {
  try {
    const status = fstatSync(descriptor);
    return (status.isFIFO() || status.isSocket()) && !isForOutput(descriptor);
  } catch (error) {
    if (systemErrorCode(error) === 'EBADF') return false;
    throw error;
  }
}

/** As `--metrics /dev/fd/3` would have it; a socket is open both ways, so stdout and stderr are told by their numbers. */
function isForOutput(descriptor: number): boolean {
  if (descriptor === 1 || descriptor === 2) return true;
  try {
    const flags = /^flags:\t([0-7]+)$/m.exec(readFileSync(`/proc/self/fdinfo/${descriptor}`, 'latin1'))?.[1] ?? '0';
    return (Number.parseInt(flags, 8) & constants.O_WRONLY) !== 0;
  } catch {
    return false;
  }
}

async function readToItsEnd(path: string, descriptor: number, limits: PipeLimits): Promise<Uint8Array> {
  const { Socket } = await import('node:net');
  const socket = new Socket({ fd: ownDescriptor(descriptor), readable: true, writable: false });
  socket.setTimeout(limits.silenceMilliseconds, () => socket.destroy(nothingCame(path, limits)));
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > limits.octets) {
      throw new OcspError(
        'file-too-large',
        `more than ${limits.octets} octets came through ${path}`,
        'write a file first',
      );
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** A pipe opened anew does not wait, and leaves the other processes that share the old one as they are. */
function ownDescriptor(descriptor: number): number {
  try {
    return openSync(`/proc/self/fd/${descriptor}`, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch {
    return descriptor;
  }
}

function nothingCame(path: string, { silenceMilliseconds }: PipeLimits): OcspError {
  return new OcspError(
    'file-unreadable',
    `nothing came through ${path} for ${silenceMilliseconds / 1000} s`,
    'check the command that should write into it, or write a file first',
  );
}
