import { describe, expect, it } from 'vitest';

import { runInTerminal } from '../support/run-in-terminal.js';
import { runRestaple } from '../support/run-program.js';
import { now, withFleet, type Fleet } from './support/stapled-fleet.js';

const at = ['--at', now.toISOString()];

function addFleet({ add }: Fleet): void {
  add('long.example.pem', 160);
  add('half.example.pem', 84);
  add('soon.example.pem', 2);
  add('gone.example.pem', 'missing');
  add('old.example.pem', -30);
  add('plain.example.pem', 'missing', { certificate: { ocspUris: [] } });
  add('stolen.example.pem', 100, { status: { revokedAt: new Date('2026-01-02T00:00:00Z'), reason: 'keyCompromise' } });
}

describe('verify of a folder on a terminal', () => {
  it(
    'is a table with trouble at the top, then by the time left, and what needs no staple last',
    { tags: 'python3' },
    async () => {
      await withFleet(async (fleet) => {
        addFleet(fleet);
        const { exitCode, lines } = await runInTerminal(['verify', ...at, '.'], { cwd: fleet.folder.path });
        expect(exitCode).toBe(3);
        const table = lines.slice(0, 8);
        expect(table.map((line) => line.replace(/\[.*\]/, '[]'))).toEqual([
          'STATE         LEFT       WINDOW                CERTIFICATE           FAILURE',
          'revoked       4d 4h      []  ./stolen.example.pem',
          'missing       -                                ./gone.example.pem    response-missing',
          'expired       -1d 6h     []  ./old.example.pem     expired',
          'good          2h         []  ./soon.example.pem',
          'good          3d 12h     []  ./half.example.pem',
          'good          6d 16h     []  ./long.example.pem',
          'no-responder  -                                ./plain.example.pem',
        ]);
        const bars = table.map((line) => /\[.*\]/.exec(line)?.[0] ?? '');
        for (const bar of [bars[4], bars[5], bars[6]]) expect(bar).toMatch(/^\[[=|]*>[-|]*\]$/);
        expect(bars[3]).toMatch(/^\[[=|]{17}>\]$/);
        expect(bars[6]).toMatch(/^\[>-{6,8}\|-+\]$/);
        const talk = lines.slice(8).join('\n');
        expect(talk).toMatch(
          /^restaple: .*stolen\.example\.pem: the certificate has been REVOKED since 2026-01-02T00:00:00Z/,
        );
        expect(talk).toMatch(/gone\.example\.pem.* is not there/);
        expect(talk).toMatch(/hint: make one with: restaple fetch/);
        expect(talk).not.toContain('plain.example.pem');
      });
    },
  );

  it.each([60, 80, 132])(
    'fits a terminal of %i columns, wide characters and long names included',
    { tags: 'python3' },
    async (columns) => {
      await withFleet(async ({ folder, add }) => {
        add(`${'日本語'.repeat(12)}.pem`, 100);
        add(`a-${'very-'.repeat(30)}long-name.pem`, 90);
        add('short.pem', 80);
        const { lines } = await runInTerminal(['verify', ...at, '.'], { cwd: folder.path, columns });
        const table = lines.filter((line) => /^(?:STATE|good)/.test(line));
        expect(table).toHaveLength(4);
        for (const line of table) {
          const wide = [...line.matchAll(/[日本語]/g)].length;
          expect(line.length + wide, line).toBeLessThanOrEqual(columns);
        }
        expect(table[1]).toMatch(/short\.pem$/);
        expect(table[2]).toMatch(/\.\/a-ver.*\.\.\..*long-name\.pem$/);
      });
    },
  );

  it('is coloured by urgency where colour is welcome, and the names are not', { tags: 'python3' }, async () => {
    await withFleet(async ({ folder, add }) => {
      add('good.pem', 160);
      add('due.pem', 10);
      add('gone.pem', 'missing');
      const env = { NO_COLOR: undefined };
      const { received } = await runInTerminal(['verify', ...at, '.'], { cwd: folder.path, env });
      const [red, yellow, green] = ['31', '33', '32'].map((code) => `\u001b[${code}m`);
      expect(received).toContain(`${red}missing`);
      expect(received).toContain(`${yellow}good`);
      expect(received).toContain(`${green}good`);
      expect(received).toContain('\u001b[39m./due.pem\r\n');
    });
  });

  it('escapes what a file name could do to the terminal', { tags: 'python3' }, async () => {
    await withFleet(async ({ folder, add }) => {
      add('a\u001b[2Jb\nc.pem', 100);
      add('b.pem', 110);
      const { received, lines } = await runInTerminal(['verify', ...at, '.'], { cwd: folder.path });
      expect(received).not.toContain('\u001b[2J');
      expect(lines[1]).toMatch(/\.\/a\\x1b\[2Jb\\x0ac\.pem$/);
    });
  });

  it('is the long form for one certificate, and with --verbose', { tags: 'python3' }, async () => {
    await withFleet(async ({ folder, add }) => {
      const one = add('a.pem', 100);
      add('b.pem', 100);
      expect((await runInTerminal(['verify', ...at, one])).lines[0]).toBe(`${one}: good`);
      const verbose = await runInTerminal(['verify', '--verbose', ...at, folder.path]);
      expect(verbose.lines.filter((line) => line.startsWith('  next update'))).toHaveLength(2);
    });
  });

  it('is the long form in a pipe', async () => {
    await withFleet(async ({ folder, add }) => {
      add('a.pem', 100);
      add('b.pem', 100);
      const { stdout } = await runRestaple(['verify', ...at, folder.path]);
      expect(stdout.match(/^ {2}next update/gm)).toHaveLength(2);
      expect(stdout).not.toContain('STATE');
    });
  });
});
