import { writeSync } from 'node:fs';
import { exitCodes, gravestExitCode, pluginStates, type ExitCode } from './exit/exit-code.js';
import { systemErrorText } from '../system/system-error.js';
import { asksForJson, isGiven } from './report-error.js';
import { toJsonLine } from './render/escape-text.js';

const descriptors = { stdout: 1, stderr: 2 } as const;

type StreamName = keyof typeof descriptors;

/** What could not be written, by stream: the first error of each. */
export type LostOutput = Map<StreamName, NodeJS.ErrnoException>;

type WriteText = (chunk: string | Uint8Array, ...more: never[]) => boolean;

/** A full disk may have room again while a long run still has output. */
const passingTroubles: ReadonlySet<string | undefined> = new Set(['ENOSPC', 'EDQUOT']);

/**
 * Output that cannot be written never stops the work: with a closed pipe, as of `restaple fetch … | head -1`, it goes on as
 * if all had been read; with a full disk the exit code tells of it in the end.
 */
export function goOnWhateverBecomesOf(streams: Readonly<Record<StreamName, NodeJS.WriteStream>>): LostOutput {
  const lost: LostOutput = new Map();
  for (const name of ['stdout', 'stderr'] as const) {
    const stream = streams[name];
    const write: WriteText = stream.write.bind(stream);
    const lose = (error: NodeJS.ErrnoException): void => {
      if (error.code !== 'EPIPE' && !lost.has(name)) lost.set(name, error);
      stream.write = (chunk: string | Uint8Array): boolean => {
        if (passingTroubles.has(lost.get(name)?.code)) writeIfPossible(descriptors[name], chunk);
        return true;
      };
      // Whoever waits until what was written is read, as oclif at the end, would wait for ever.
      stream.emit('drain');
    };
    // oclif has a listener that throws whatever is not a closed pipe.
    const emit = stream.emit.bind(stream) as (event: string | symbol, ...values: unknown[]) => boolean;
    stream.emit = (event: string | symbol, ...values: unknown[]): boolean => {
      if (event !== 'error') return emit(event, ...values);
      lose(values[0] as NodeJS.ErrnoException);
      return true;
    };
    // Node throws what goes wrong with a file, which is written at once.
    stream.write = (...chunk: Parameters<WriteText>): boolean => {
      try {
        return write(...chunk);
      } catch (error) {
        lose(error as NodeJS.ErrnoException);
        return true;
      }
    };
  }
  return lost;
}

/** At the very end: exit 9 where nothing graver happened, and a line where it can still be read. */
export function tellOfLostOutput(lost: LostOutput, args: readonly string[]): void {
  const [first] = lost;
  if (first === undefined) return;
  const [name, error] = first;
  process.exitCode = exitCodeOf(process.exitCode, args);
  const message = `${name} could not be written: ${systemErrorText(error)}`;
  const hint = 'make room there; everything else was done, but the missing output is lost';
  if (name === 'stdout') writeIfPossible(descriptors.stderr, `restaple: ${message}\n  hint: ${hint}\n`);
  else if (asksForJson(args)) {
    writeIfPossible(descriptors.stdout, `${toJsonLine({ error: { code: 'output-unwritable', message, hint } })}\n`);
  }
}

/** A monitoring plugin has codes of its own, and one whose line was lost has not said that all is well. */
function exitCodeOf(code: typeof process.exitCode, args: readonly string[]): number {
  const own = Number(code ?? exitCodes.success);
  if (isGiven(args, '--nagios')) return own === pluginStates.OK ? pluginStates.UNKNOWN : own;
  return gravestExitCode([own as ExitCode, exitCodes.storeFailed]);
}

function writeIfPossible(descriptor: number, text: string | Uint8Array): void {
  try {
    writeSync(descriptor, typeof text === 'string' ? Buffer.from(text) : text);
  } catch {
    // Nothing more can be written there.
  }
}
