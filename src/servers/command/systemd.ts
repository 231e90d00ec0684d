import type { Server } from '../server.js';

/** Exit codes of systemctl, taken over from LSB init scripts: see systemd.exec(5), "process exit codes". */
const notImplemented = 3;
const noPermission = 4;
const notInstalled = 5;

/** `systemctl reload UNIT`, which waits until the unit says that it has reloaded. */
export const systemd = {
  name: 'systemd',
  example: 'systemd:nginx.service',
  forms: ['systemd:UNIT'],
  parse: (text) => (/^[A-Za-z0-9:_.@\\-]+$/.test(text) && !text.startsWith('-') ? text : undefined),
  async tell(unit, staples, tools) {
    const { tellByCommand } = await import('./tell-by-command.js');
    // Without the first option a user without rights would be asked on the terminal.
    const command = ['systemctl', '--no-ask-password', 'reload', '--', unit] as const;
    return await tellByCommand(command, staples, tools, ({ exitCode }) => ({
      name: `systemctl reload ${unit}`,
      program: 'systemctl',
      code: exitCode === noPermission ? 'permission-denied' : 'command-failed',
      hint: hintFor(unit, exitCode),
      hintIfMissing:
        'this system has no systemd in PATH: name a pid file (nginx:/run/nginx.pid) or a command (exec:COMMAND)',
    }));
  },
} as const satisfies Server<string>;

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
