import { basename, join } from 'node:path';
import type { HostProcess } from '../../system/host-processes.js';
import { splitWords } from '../../system/shell-words.js';
import { filesIn, namesIn, textOfFile } from './host-files.js';

/** A command that this host runs by itself. */
export interface ScheduledCommand {
  /** As it is written, for a shell or for systemd. */
  readonly text: string;
  /** `restaple.timer`, `/etc/cron.d/restaple:6`, `process 123`. */
  readonly where: string;
  /** The schedule in the words of the crontab or the timer; absent for a process that runs all the time. */
  readonly when?: string;
}

/** The commands of the crontabs, of the timers that are enabled, and of processes that watch. */
export function scheduledCommands(processes: readonly HostProcess[], root = '/'): ScheduledCommand[] {
  return [...cronCommands(root), ...timerCommands(root), ...watchingProcesses(processes)];
}

/** The crontabs of users in Debian and Alpine, in Fedora, RHEL and Arch, and in SUSE. */
const spools = ['var/spool/cron/crontabs', 'var/spool/cron', 'var/spool/cron/tabs'];

function cronCommands(root: string): ScheduledCommand[] {
  const at = (path: string): string => join(root, path);
  const own = [at('etc/crontab'), ...filesIn(at('etc/cron.d'))].flatMap((file) => linesOfCrontab(file, true));
  const ofUsers = spools.flatMap((spool) => filesIn(at(spool))).flatMap((file) => linesOfCrontab(file, false));
  const scripts = ['15min', 'hourly', 'daily', 'weekly', 'monthly'].flatMap((period) =>
    [`etc/cron.${period}`, `etc/periodic/${period}`]
      .flatMap((folder) => filesIn(at(folder)))
      .flatMap((file) =>
        commandLines(file, '\\').map(({ text, line }) => ({ text, where: `${file}:${line}`, when: period })),
      ),
  );
  return [...own, ...ofUsers, ...scripts];
}

const schedule = /^\s*(@\w+|(?:[\d*/,a-z-]+\s+){4}[\d*/,a-z-]+)\s+(.*)$/i;

/** crontab(5); a system crontab names the user before the command. */
function linesOfCrontab(file: string, namesUser: boolean): ScheduledCommand[] {
  return commandLines(file).flatMap(({ text, line }): ScheduledCommand[] => {
    const [, when, rest] = schedule.exec(text) ?? [];
    if (when === undefined || rest === undefined || when === '@reboot') return [];
    const command = namesUser ? rest.replace(/^\S+\s+/, '') : rest;
    return [{ text: command, where: `${file}:${line}`, when: when.replace(/\s+/g, ' ') }];
  });
}

/** @param continued what a line ends with that goes on in the next; a crontab knows no such sign */
function commandLines(file: string, continued?: string): { readonly text: string; readonly line: number }[] {
  const found: { text: string; line: number }[] = [];
  let open: { text: string; line: number } | undefined;
  for (const [index, text] of (textOfFile(file) ?? '').split('\n').entries()) {
    open = open === undefined ? { text, line: index + 1 } : { ...open, text: open.text + text };
    if (continued !== undefined && text.endsWith(continued)) {
      open.text = open.text.slice(0, -continued.length);
      continue;
    }
    found.push(open);
    open = undefined;
  }
  return found.filter(({ text }) => /\S/.test(text) && !/^\s*#/.test(text));
}

/** Where systemd looks for units, the first that has one counts (systemd.unit(5)). */
const unitFolders = ['etc/systemd/system', 'run/systemd/system', 'usr/lib/systemd/system', 'lib/systemd/system'];

function timerCommands(root: string): ScheduledCommand[] {
  const enabled = new Set(
    unitFolders.flatMap((folder) => {
      const wants = join(root, folder, 'timers.target.wants');
      return namesIn(wants).filter((name) => name.endsWith('.timer'));
    }),
  );
  return [...enabled].flatMap((timer): ScheduledCommand[] => {
    const settings = unitSettings(timer, root);
    const service = settings.find(([key]) => key === 'Unit')?.[1] ?? timer.replace(/\.timer$/, '.service');
    const when = settings.filter(([key]) => /^On\w+$/.test(key)).map(([key, value]) => whenOf(key, value));
    const instance = /@([^@]*)\.service$/.exec(service)?.[1] ?? '';
    return unitSettings(service, root)
      .filter(([key]) => key === 'ExecStart')
      .map(([, value]) => ({
        text: value.replace(/^[@:+!|-]+/, '').replaceAll('%i', instance),
        where: timer,
        when: when.join(', '),
      }));
  });
}

function whenOf(key: string, value: string): string {
  if (key === 'OnCalendar') return value;
  return key === 'OnUnitActiveSec' || key === 'OnUnitInactiveSec' ? `every ${value}` : `${key}=${value}`;
}

/** The settings of a unit with those of its drop-ins; of a template the instance has those of the template. */
function unitSettings(unit: string, root: string): [string, string][] {
  const template = unit.replace(/@[^@]+\.(\w+)$/, '@.$1');
  const names = [...new Set([unit, template])];
  const folders = unitFolders.map((folder) => join(root, folder));
  const main = folders
    .flatMap((folder) => names.map((name) => textOfFile(join(folder, name))))
    .find((one) => one !== undefined);
  const dropIns = folders.flatMap((folder) =>
    names.flatMap((name) => filesIn(join(folder, `${name}.d`)).map((file) => textOfFile(file) ?? '')),
  );
  const lines = [main ?? '', ...dropIns].join('\n').replace(/\\\n/g, ' ').split('\n');
  const settings = lines.flatMap((line): [string, string][] => {
    const [, key, value] = /^\s*([A-Za-z]+)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
    return key === undefined || value === undefined ? [] : [[key, value]];
  });
  // An empty value takes back those before it.
  return settings.filter(
    ([key, value], index) =>
      value !== '' && !settings.slice(index + 1).some(([later, text]) => later === key && text === ''),
  );
}

/** Processes that refresh for as long as they run: `restaple fetch --watch`. */
function watchingProcesses(processes: readonly HostProcess[]): ScheduledCommand[] {
  return processes
    .filter(({ arguments: words }) => words.includes('--watch') && restapleWords(words) !== undefined)
    .map(({ pid, arguments: words }) => ({
      text: words.map((word) => `'${word.replaceAll("'", String.raw`'\''`)}'`).join(' '),
      where: `process ${pid}`,
    }));
}

/** The words after `restaple fetch`, where a command is that; `node /usr/bin/restaple fetch` too. */
export function restapleWords(words: readonly string[]): readonly string[] | undefined {
  const index = words.findIndex((word, at) => isRestaple(word) && words[at + 1] === 'fetch');
  return index < 0 ? undefined : words.slice(index + 2);
}

function isRestaple(word: string): boolean {
  return /^restaple(?:\.\w+)?$/.test(basename(word)) || word.endsWith('/bin/run.js');
}

/** A command up to the sign that ends it; one within quotes ends none. */
const command = /(?:'[^']*'|"(?:[^"\\]|\\[^])*"|\\[^]|&(?!&)|[^'"\\;|&])+/g;

/** The words of each command in lines of shell, as far as plain words go. */
export function commandsIn(text: string): string[][] {
  const lines = text.replace(/\\\n/g, ' ').split('\n');
  const commands = lines.filter((line) => !/^\s*#/.test(line)).flatMap((line) => line.match(command) ?? []);
  return commands.flatMap((one) => {
    const words = splitWords(one.replace(/\s\d*>+\s*\S+|\s\d*>&\d/g, ' '));
    return words === undefined || words.length === 0 ? [] : [words];
  });
}
