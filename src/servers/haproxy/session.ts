import { openConnection, shownAddress, type Connection } from '../../system/network/connection.js';
import { checkPrompt, connectFailure, lostConnection, notAPrompt, silence, tooLong } from './failures.js';
import { knownFailureOfReply, withoutSeverity } from './replies.js';
import { TargetFailure, type ReloadLimits } from '../reload-result.js';
import type { HaproxyPlace } from './place.js';

/** A haproxy that answers commands, all over one connection as long as it lasts. */
export interface HaproxySession {
  readonly isConnected: boolean;
  /**
   * Runs one command and returns its reply without prompts. Connects where there is no connection.
   *
   * @param command one line without its end, octets as latin1; see {@link escapedArgument}
   * @throws TargetFailure `target-unreachable`, `permission-denied`, `timeout`, `connection-lost`, `unexpected-reply`,
   *   `too-large`; OcspError `interrupted`
   */
  ask(command: string, options?: AskOptions): Promise<string>;
  close(): void;
}

export interface AskOptions {
  /** A line of data, sent in the `<<` form. */
  readonly payload?: string;
  /** Waits for the answer even where the run is interrupted: half of a transaction must not be left behind. */
  readonly uninterrupted?: boolean;
}

/** What haproxy takes where nobody set tune.bufsize, in octets. */
const usualBufferSize = 16_384;

/** The largest reply that is read: the slots of about 90,000 certificates. */
const largestReply = 32 * 1024 * 1024;

/** `> `, `master> ` or a worker's `1234> ` where a line starts, and nothing after it. */
const promptPattern = /\n([^\s>]*)> $/;

/** More than the longest prompt. */
const tailLength = 64;

interface Reply {
  /** latin1: file names are octets. */
  readonly text: string;
  /** What stands before the `>` of the prompt; undefined where haproxy closed after the text. */
  readonly prompt: string | undefined;
}

/**
 * A session with the haproxy at a place; nothing is sent before the first command.
 *
 * @param end of all its commands, on the clock of `performance.now()`
 */
export function openHaproxySession(
  { address, worker }: HaproxyPlace,
  limits: ReloadLimits,
  end = Infinity,
): HaproxySession {
  const { timeoutMilliseconds } = limits;
  const prefix = worker === undefined ? '' : `${worker} `;
  const place = shownAddress(address);
  const deadline = (): number => Math.min(end, performance.now() + timeoutMilliseconds);
  let connection: Connection | undefined;
  let bufferSize = usualBufferSize;

  const say = async (command: string, { payload, uninterrupted = false }: AskOptions): Promise<string> => {
    try {
      const over = connection?.isOpen() === true ? connection : await connect();
      const signal = uninterrupted ? undefined : limits.signal;
      const { text, prompt } = await exchange(over, written(command, payload), namedCommand(command), signal);
      // Half of a list must not pass for the whole: without a prompt only a refusal is worth reading.
      if (prompt === undefined) throw knownFailureOfReply(text) ?? lostConnection(place);
      return withoutSeverity(text).trim();
    } catch (error) {
      connection?.close();
      throw error;
    }
  };

  async function connect(): Promise<Connection> {
    connection?.close();
    connection = openConnection(address, `the talk with haproxy at ${place}`);
    const state = await connection.waitUntilConnected({ deadline: deadline(), signal: limits.signal });
    if (state === 'timeout') throw silence(place, 'the connection', timeoutMilliseconds);
    if (state === 'closed') throw connectFailure(connection.error, address);
    const { text, prompt } = await exchange(connection, 'prompt\n', 'prompt', limits.signal);
    if (prompt === undefined) throw notAPrompt(text, place);
    checkPrompt(prompt, worker, place);
    return connection;
  }

  /** Writes in one piece and reads what comes back, up to the next prompt. */
  async function exchange(over: Connection, text: string, what: string, signal?: AbortSignal): Promise<Reply> {
    const patience = { deadline: deadline(), signal };
    // Once the run is interrupted, nothing more is said.
    await over.waitUntilConnected(patience);
    over.write(Buffer.from(text, 'latin1'));
    const chunks: Buffer[] = [];
    let size = 0;
    let tail = '\n';
    while (!promptPattern.test(tail)) {
      const state = await over.waitFor(1, patience);
      if (state === 'timeout') throw silence(place, what, timeoutMilliseconds);
      if (state === 'closed') break;
      const chunk = over.take();
      chunks.push(chunk);
      size += chunk.length;
      if (size > largestReply) throw tooLong(place, largestReply);
      tail = (tail + chunk.toString('latin1', Math.max(0, chunk.length - tailLength))).slice(-tailLength);
    }
    const reply = replyIn(Buffer.concat(chunks).toString('latin1'));
    const isReply = reply.prompt !== undefined || (over.error === undefined && reply.text.trim() !== '');
    if (!isReply) throw lostConnection(place, over.error);
    return reply;
  }

  // The `<<` form, one line, one write: with pieces of the one-line form haproxy 2.6 waits for ever.
  const written = (command: string, payload: string | undefined): string =>
    payload === undefined ? `${prefix}${command}\n` : `${prefix}${command} <<\n${payload}\n\n`;

  async function checkSize(length: number): Promise<void> {
    if (length < bufferSize) return;
    bufferSize = bufferSizeIn(await say('show pools', {})) ?? usualBufferSize;
    if (length < bufferSize) return;
    // A power of two leaves room for the next, longer response.
    const needed = 2 ** Math.ceil(Math.log2(length + 1));
    throw new TargetFailure(
      'too-large',
      `the command with this staple has ${length} octets, haproxy takes ${bufferSize - 1}`,
      `set "tune.bufsize ${needed}" in haproxy's global section and restart it, or reload haproxy: it reads the file itself`,
    );
  }

  return {
    get isConnected() {
      return connection?.isOpen() === true;
    },
    async ask(command, options = {}) {
      await checkSize(written(command, options.payload).length);
      return say(command, options);
    },
    close() {
      connection?.close();
    },
  };
}

/** A file name as one argument of a command; undefined for one that no command can carry. */
export function escapedArgument(name: string): string | undefined {
  // A line's end in a name would be a command of its own.
  // eslint-disable-next-line no-control-regex
  return name === '' || /[\x00-\x1f\x7f]/.test(name) ? undefined : name.replace(/[\\ ;]/g, '\\$&');
}

/** The words of a command before its arguments, for a message. */
function namedCommand(command: string): string {
  return /^[a-z]+(?: [a-z][a-z-]*){0,2}/.exec(command)?.[0] ?? command;
}

/** tune.bufsize, from `show pools`; undefined where nothing shows it. */
function bufferSizeIn(pools: string): number | undefined {
  const sizes = new Map<string, number>();
  for (const [, name = '', size] of pools.matchAll(/^\s*- Pool (\S+) \((\d{1,9}) bytes[)/]/gm))
    sizes.set(name, Number(size));
  const own = sizes.get('buffer');
  if (own !== undefined) return own;
  // From 3.0 on pools of one size are merged under the name of the first; that of `trash` has a buffer and its head.
  const merged = (sizes.get('trash') ?? 0) - bufferHead;
  return [...sizes.values()].includes(merged) ? merged : undefined;
}

/** The octets of haproxy's `struct buffer` on 64 bits. */
const bufferHead = 32;

function replyIn(text: string): Reply {
  const prompt = promptPattern.exec(`\n${text}`);
  // Before the reply stand the marks that ask for more payload.
  return {
    text: text.slice(0, text.length - (prompt?.[0].length ?? 0) + 1).replace(/^(?:\+ )+/, ''),
    prompt: prompt?.[1],
  };
}
