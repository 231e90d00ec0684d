import { exitCodes, type ExitCode } from './exit/exit-code.js';

export type Interrupt = ReturnType<typeof catchInterrupts>;

/** The run's end on request: aborted by the first SIGINT or SIGTERM; a second one ends the process at once. */
export function catchInterrupts() {
  const controller = new AbortController();
  let exitCode: ExitCode | undefined;
  const stop = (signal: 'SIGINT' | 'SIGTERM'): void => {
    const code = signal === 'SIGINT' ? exitCodes.interrupted : exitCodes.terminated;
    if (exitCode !== undefined) process.exit(code);
    exitCode = code;
    controller.abort();
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  return {
    signal: controller.signal,
    /** 130 or 143 after a signal, else undefined. */
    exitCode: (): ExitCode | undefined => exitCode,
    /** Leaves signals to their default again. */
    release: (): void => {
      process.off('SIGINT', stop);
      process.off('SIGTERM', stop);
    },
  };
}
