import { lostConnection, notHaproxy, openHaproxyLine, shownPlace, type HaproxyLine } from './line.js';
import { excerptOf, knownFailureOfReply, withoutSeverity } from './replies.js';
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

/** A session with the haproxy at a place; nothing is sent before the first command. */
export function openHaproxySession({ address, worker }: HaproxyPlace, limits: ReloadLimits): HaproxySession {
  const prefix = worker === undefined ? '' : `${worker} `;
  const place = shownPlace(address);
  let line: HaproxyLine | undefined;
  let bufferSize = usualBufferSize;

  const say = async (command: string, { payload, uninterrupted = false }: AskOptions): Promise<string> => {
    if (line?.isOpen !== true) line = await openPrompt();
    const signal = uninterrupted ? undefined : limits.signal;
    const { text, prompt } = await line.exchange(written(command, payload), namedCommand(command), signal);
    // Half of a list must not pass for the whole: without a prompt only a refusal is worth reading.
    if (prompt === undefined) throw knownFailureOfReply(text) ?? lostConnection(place);
    return withoutSeverity(text).trim();
  };

  async function openPrompt(): Promise<HaproxyLine> {
    const opened = await openHaproxyLine(address, limits);
    try {
      const { text, prompt } = await opened.exchange('prompt\n', 'prompt', limits.signal);
      if (prompt === undefined) throw notAPrompt(text, place);
      checkPrompt(prompt, worker, place);
    } catch (error) {
      opened.close();
      throw error;
    }
    return opened;
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
      return line?.isOpen === true;
    },
    async ask(command, options = {}) {
      await checkSize(written(command, options.payload).length);
      return say(command, options);
    },
    close() {
      line?.close();
      line = undefined;
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

/** The size of the pool that tune.bufsize sets, from `show pools`. */
function bufferSizeIn(pools: string): number | undefined {
  const size = /^\s*- Pool buffer \((\d{1,9}) bytes\)/m.exec(pools)?.[1];
  return size === undefined ? undefined : Number(size);
}

function checkPrompt(prompt: string, worker: string | undefined, place: string): void {
  const isMaster = prompt.startsWith('master');
  if (isMaster && worker === undefined) {
    throw new TargetFailure(
      'command-failed',
      `${place} is the socket of haproxy's master, which has no certificates`,
      `name the worker: haproxy:@1:${place}`,
    );
  }
  if (!isMaster && worker !== undefined) {
    throw new TargetFailure(
      'command-failed',
      `${place} is no master socket of haproxy and knows no worker ${worker}`,
      `leave the worker out: haproxy:${place}`,
    );
  }
}

function notAPrompt(reply: string, place: string): TargetFailure {
  return new TargetFailure('unexpected-reply', `${place} answers like no haproxy: ${excerptOf(reply)}`, notHaproxy);
}
