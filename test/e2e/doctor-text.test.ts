// @module-tag python3
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';

import { reportLines } from '../../src/cli/doctor/report-lines.js';
import { displayWidth } from '../../src/cli/render/display-width.js';
import { createPaint } from '../../src/cli/render/paint.js';
import { splitWords } from '../../src/system/shell-words.js';
import { inventedReport } from '../support/invented-host.js';
import { runRestaple } from '../support/run-program.js';
import { runInTerminal } from '../support/run-in-terminal.js';
import { haproxyWith, now, withFleet, type Fleet } from './support/stapled-fleet.js';

const at = ['--at', now.toISOString()];
const hostile = `a\u001b[2Jb 'c'\u202ed.pem`;

async function reportOf(fleet: Fleet, certificates: readonly string[], columns: number): Promise<readonly string[]> {
  const { lines } = await runInTerminal(['doctor', ...at, haproxyWith(fleet, certificates)], { columns });
  return lines;
}

describe('doctor on a terminal', () => {
  it.each([80, 200])('fits %i columns: only what cannot be broken is longer', async (columns) => {
    await withFleet(async (fleet) => {
      const { add } = fleet;
      const lines = await reportOf(
        fleet,
        [
          add('short.pem', 160),
          add(hostile, 'missing'),
          add('two words.pem', 'missing'),
          add(`${'日本語'.repeat(20)}.pem`, 'missing'),
          add(`a-${'very-'.repeat(40)}long.pem`, -30, { certificate: { mustStaple: true } }),
        ],
        columns,
      );
      const table = lines.slice(0, 6);
      expect(table.map((line) => /^.{18}/.exec(line)?.[0].trim())).toEqual([
        'STATE',
        'Must-Staple broken',
        'not served',
        'not served',
        'not served',
        'unrefreshed',
      ]);
      for (const line of table) expect(displayWidth(line), line).toBeLessThanOrEqual(columns);
      expect(lines.length).toBeGreaterThan(30);
      const tooLong = lines.filter((line) => displayWidth(line) > columns);
      for (const line of tooLong) expect(line).toMatch(/^ *(?:\d\. )?'?[\S]+'?(?: \\)?$/);
      expect(lines.filter((line) => /^\d\.$/.test(line))).toEqual([]);
    });
  });

  it('has the reason beside each certificate where there is room', async () => {
    await withFleet(async (fleet) => {
      const site = fleet.add('site.pem', 160);
      const [titles = '', row = ''] = await reportOf(fleet, [site], 200);
      expect(titles).toMatch(/CERTIFICATE +REASON$/);
      expect(row).toMatch(/site\.pem +nobody refreshes it, and it ends at 2026-01-10T16:00:00Z$/);
      const narrow = await reportOf(fleet, [site], 80);
      expect(narrow[0]).toMatch(/CERTIFICATE$/);
    });
  });

  it('escapes what a name could do to the terminal, and its commands stay whole words of the shell', async () => {
    await withFleet(async (fleet) => {
      const { add, folder } = fleet;
      const names = [hostile, `two  'words'.pem`].map((name) => add(name, 'missing'));
      const { received, lines } = await runInTerminal(['doctor', ...at, haproxyWith(fleet, names)], { columns: 80 });
      for (const harm of ['\u001b[2J', '\u202e']) expect(received).not.toContain(harm);
      const commands = lines.join('\n').replaceAll(' \\\n', ' ').split('\n');
      const words = commands.filter((line) => line.includes('restaple fetch /') || line.includes(`restaple fetch '`));
      expect(words.map((line) => splitWords(line.trim())?.at(-1)).sort()).toEqual([
        folder.at(String.raw`a\x1b[2Jb 'c'\u{202e}d.pem`),
        folder.at(`two  'words'.pem`),
      ]);
    });
  });

  it('shows no terminal what a name has, in the configuration of config init either', async () => {
    await withFleet(async (fleet) => {
      const path = fleet.add('a\u009b2Jb\u202ed.pem', 160);
      const { stdout } = await runRestaple(['config', 'init', haproxyWith(fleet, [path])]);
      expect(stdout).not.toMatch(/[\u009b\u202e]/);
      const file = fleet.folder.write('restaple.yaml', stdout);
      expect((await runRestaple(['config', 'check', '--config', file])).exitCode).toBe(0);
      expect(parse(stdout)).toMatchObject({ certificates: [{ path }] });
    });
  });

  it('quotes the name in every command, that for a revoked certificate too', async () => {
    await withFleet(async (fleet) => {
      const path = fleet.add('a;touch $(pwned).pem', 160, {
        status: { revokedAt: new Date('2026-01-01T00:00:00Z') },
      });
      const lines = await reportOf(fleet, [path], 200);
      const commands = lines.map((line) => line.trim()).filter((line) => line.startsWith('restaple query'));
      expect(commands).toEqual([`restaple query '${path}'`]);
    });
  });
});

describe('doctor on a fleet', () => {
  it('has more lines than a call has room for as arguments', async () => {
    const report = inventedReport();
    const certificate = { ...report.certificates.at(-1)!, certificate: '/a.pem' };
    const certificates = Array.from({ length: 150_000 }, () => certificate);
    const options = { width: 80, now, paint: await createPaint(process.stdout) };
    expect(reportLines({ ...report, certificates, remarks: [] }, options)).toHaveLength(certificates.length + 1);
  });
});
