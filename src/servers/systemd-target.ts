import { commandFailure } from './command-failure.js';
import type { ReloadLimits, StapleToPush, TargetResult } from './reload-result.js';
import type { ReloadTarget } from './reload-target.js';
import { runCommand, withoutSecrets, type CommandEnvironment } from './run-command.js';
import { acceptedByTarget, refusedByTarget, type TargetTrouble } from './whole-target.js';

export type SystemdTarget = Extract<ReloadTarget, { readonly kind: 'systemd' }>;

/**
 * `systemctl reload UNIT`, which waits until the unit says that it has reloaded.
 *
 * Codes: `command-failed`, `permission-denied`, `timeout`
 *
 * @throws OcspError `interrupted`
 * @param environment handed on to systemctl, without restaple's secrets
 */
export async function reloadSystemdUnit(
  target: SystemdTarget,
  staples: readonly StapleToPush[],
  environment: CommandEnvironment,
  { timeoutMilliseconds, signal }: ReloadLimits,
): Promise<TargetResult> {
  const start = performance.now();
  // Without the first option a user without rights would be asked on the terminal.
  const result = await runCommand(['systemctl', '--no-ask-password', 'reload', '--', target.unit], {
    env: withoutSecrets(environment),
    timeoutMilliseconds,
    signal,
  });
  const trouble = troubleOf(target.unit, result, timeoutMilliseconds);
  const milliseconds = performance.now() - start;
  return trouble === undefined
    ? acceptedByTarget(target.text, staples, milliseconds)
    : refusedByTarget(target.text, staples, milliseconds, trouble);
}

/** Exit codes of systemctl, taken over from LSB init scripts: see systemd.exec(5), "process exit codes". */
const notImplemented = 3;
const noPermission = 4;
const notInstalled = 5;

function troubleOf(
  unit: string,
  result: Awaited<ReturnType<typeof runCommand>>,
  timeoutMilliseconds: number,
): TargetTrouble | undefined {
  const hint = hintFor(unit, result.exitCode);
  const failure = commandFailure(`systemctl reload ${unit}`, result, {
    timeoutMilliseconds,
    hint,
    program: 'systemctl',
  });
  if (failure === undefined) return undefined;
  const { code, message } = failure;
  if (result.startError === 'ENOENT') {
    const instead =
      'this system has no systemd in PATH: name a pid file (nginx:/run/nginx.pid) or a command (exec:COMMAND)';
    return { code, message, hint: instead };
  }
  return { code: result.exitCode === noPermission ? 'permission-denied' : code, message, hint: failure.hint };
}

function hintFor(unit: string, exitCode: number | undefined): string {
  switch (exitCode) {
    case notImplemented:
      return `the unit has no reload: give it ExecReload= with systemctl edit ${unit}, or name a pid file or a command`;
    case noPermission:
      return 'run as root, or let this user reload the unit by a polkit rule';
    case notInstalled:
      return 'check the name with: systemctl list-units';
    default:
      return `see: systemctl status ${unit}; journalctl -u ${unit} -n 20`;
  }
}
