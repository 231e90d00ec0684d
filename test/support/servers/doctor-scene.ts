import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { delimiter } from 'node:path';
import { promisify } from 'node:util';

import type { AdviceStep } from '../../../src/pipeline/doctor/doctor-report.js';
import { programPath, runRestaple, type RunResult } from '../run-program.js';
import type { TemporaryFolder } from '../temporary-folder.js';

/** A line of `doctor --json`. */
export interface DoctorLine {
  readonly certificate?: string;
  readonly server: string;
  readonly state: string;
  readonly reason: string;
  readonly answer?: { readonly verdict?: string; readonly code?: string };
  readonly target?: string;
  readonly mustStaple?: boolean;
  readonly refreshedBy: readonly { readonly by: string; readonly where: string; readonly when?: string }[];
  readonly handshakes: readonly { readonly outcome: string }[];
  readonly loaded?: { readonly certificate: string; readonly hasSlot?: boolean; readonly staple?: string };
  readonly findings: readonly { readonly code: string; readonly message: string; readonly advice: AdviceStep[] }[];
}

/** What `doctor --json` says of some servers. */
export interface DoctorRun extends RunResult {
  readonly certificates: readonly DoctorLine[];
  readonly remarks: readonly {
    readonly server?: string;
    readonly code: string;
    readonly message: string;
    readonly hint?: string;
  }[];
}

export async function runDoctor(words: readonly string[]): Promise<DoctorRun> {
  const result = await runRestaple(['doctor', '--json', ...words]);
  const lines = result.lines();
  const summary = lines.at(-1)?.['summary'] as Pick<DoctorRun, 'remarks'> | undefined;
  if (summary === undefined) throw new Error(`no summary in:\n${result.stdout}\nstderr:\n${result.stderr}`);
  return { ...result, certificates: lines.slice(0, -1) as unknown as DoctorLine[], remarks: summary.remarks };
}

/**
 * Does what the advice says, word for word: edits a person makes are made, commands run in sh, `restaple` being the built
 * program. Throws where a command fails.
 */
export async function follow(advice: readonly AdviceStep[], folder: TemporaryFolder): Promise<void> {
  folder.write('bin/restaple', `#!/bin/sh\nexec '${process.execPath}' '${programPath}' "$@"\n`, 0o755);
  for (const step of advice) {
    if (step.do === 'run') {
      const env = {
        PATH: [folder.at('bin'), process.env['PATH'], '/usr/sbin'].join(delimiter),
        HOME: folder.path,
        RESTAPLE_ALLOW_PRIVATE: 'true',
      };
      await promisify(execFile)('sh', ['-c', step.command], { env, cwd: '/' });
    } else edit(step);
  }
}

function edit({ file, line = 1, note, text }: Extract<AdviceStep, { do: 'edit' }>): void {
  const lines = readFileSync(file, 'utf8').split('\n');
  const quoted = /^(?:add to this line, behind|write in place of) "(.*?)"(?:$|,)/.exec(note)?.[1];
  if (quoted !== undefined) {
    const old = lines[line - 1] ?? '';
    if (!old.includes(quoted)) throw new Error(`${quoted} is not on the line: ${old}`);
    lines[line - 1] = old.replace(quoted, (found) => (note.startsWith('add') ? `${found} ${text}` : text));
  } else if (note === 'add after this line') lines.splice(line, 0, text);
  else if (note === 'write in place of this line') lines.splice(line - 1, 1, text);
  else if (note === 'add at the end of this file') lines.push(text, '');
  else if (note === 'add at the end of this line') lines[line - 1] = `${lines[line - 1] ?? ''} ${text}`;
  else if (note === 'replace this line with') lines[line - 1] = text;
  else throw new Error(`a person would have to think: ${note}`);
  writeFileSync(file, lines.join('\n'));
}
