import { readFileSync, statSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';

import { runRestaple } from '../support/run-program.js';
import { rowsOf, violationsIn, withPage } from './support/browser.js';
import { now, withFleet, type Fleet } from './support/stapled-fleet.js';

const at = ['--at', now.toISOString()];
const hostile = `<img src=x onerror=document.title=1>&"'.pem`;

function addFleet({ add }: Fleet): void {
  add('long.example.pem', 160);
  add('soon.example.pem', 2);
  add('gone.example.pem', 'missing');
  add('old.example.pem', -30);
  add('plain.example.pem', 'missing', { certificate: { ocspUris: [] } });
  add('stolen.example.pem', 100, { status: { revokedAt: new Date('2026-01-02T00:00:00Z'), reason: 'keyCompromise' } });
  add(hostile, 100);
}

describe('the page of verify --html', () => {
  it(
    'shows every certificate, the most urgent first, and filters by text and state',
    { tags: 'chromium' },
    async () => {
      await withFleet(async (fleet) => {
        addFleet(fleet);
        const file = fleet.folder.at('staples.html');
        const { exitCode, stderr } = await runRestaple(['verify', ...at, '--html', file, fleet.folder.path]);
        expect({ exitCode, said: stderr.includes('html') }).toEqual({ exitCode: 3, said: false });
        await withPage(pathToFileURL(file).href, async (page, complaints) => {
          expect(await rowsOf(page)).toEqual([
            ['revoked', '4d 4h', 'stolen.example.pem'],
            ['missing', '-', 'gone.example.pem'],
            ['expired', '-1d 6h', 'old.example.pem'],
            ['good', '2h', 'soon.example.pem'],
            ['good', '4d 4h', hostile],
            ['good', '6d 16h', 'long.example.pem'],
            ['no-responder', '-', 'plain.example.pem'],
          ]);
          expect(await page.locator('h2').allInnerTexts()).toEqual([fleet.folder.path]);
          await page.getByLabel('revoked (1)').uncheck();
          expect((await rowsOf(page)).map(([state]) => state)).not.toContain('revoked');
          await page.getByLabel('Filter').fill('EXAMPLE not there');
          expect(await rowsOf(page)).toEqual([['missing', '-', 'gone.example.pem']]);
          expect(await page.getByRole('status').innerText()).toBe('1 of 7 shown');
          await page.getByLabel('Filter').fill('nothing like it');
          expect(await page.locator('h2:visible').count()).toBe(0);
          expect(complaints).toEqual([]);
        });
      });
    },
  );

  it('is usable by keyboard and screen reader, in light and dark', { tags: 'chromium' }, async () => {
    await withFleet(async (fleet) => {
      addFleet(fleet);
      const file = fleet.folder.at('staples.html');
      await runRestaple(['verify', ...at, '--html', file, fleet.folder.path]);
      for (const colorScheme of ['light', 'dark'] as const) {
        await withPage(pathToFileURL(file).href, async (page, complaints) => {
          await page.emulateMedia({ colorScheme });
          expect(await violationsIn(page)).toEqual([]);
          await page.keyboard.press('Tab');
          expect(await page.evaluate('document.activeElement.name')).toBe('text');
          await page.keyboard.press('Tab');
          await page.keyboard.press('Space');
          expect(await page.getByRole('status').innerText()).toBe('6 of 7 shown');
          const bar = page.getByRole('img', { name: /^from 2026-.*, to 2026-.*, due 2026-.*, alert 2026-/ }).first();
          expect((await bar.boundingBox())?.width).toBeGreaterThan(60);
          expect(complaints).toEqual([]);
        });
      }
    });
  });

  it('keeps hostile names text, and lets no other script run', async () => {
    await withFleet(async (fleet) => {
      fleet.add(hostile, 100);
      const file = fleet.folder.at('staples.html');
      await runRestaple(['verify', ...at, '--html', file, fleet.folder.path]);
      const text = readFileSync(file, 'utf8');
      expect(text).not.toContain('<img');
      expect(text).toContain('&lt;img src=x onerror=document.title=1&gt;&amp;&quot;&#39;.pem');
      expect(text).toMatch(/Content-Security-Policy" content="default-src &#39;none&#39;;script-src &#39;sha256-/);
      expect(text).not.toMatch(/(?:src|href)=["'h/]/);
    });
  });
});

describe('verify --html', () => {
  it('replaces its own page, readable by all, and refuses to replace anything else', async () => {
    await withFleet(async ({ add, folder }) => {
      add('site.pem', 100);
      const verify = (file: string): ReturnType<typeof runRestaple> =>
        runRestaple(['verify', ...at, '--html', file, folder.at('site.pem')]);
      for (const name of ['staples.html', 'staples']) {
        expect((await verify(folder.at(name))).exitCode).toBe(0);
        expect((await verify(folder.at(name))).exitCode).toBe(0);
        expect(statSync(folder.at(name)).mode & 0o777).toBe(0o644);
      }
      folder.write('notes', 'my own words');
      for (const name of ['notes', 'site.pem']) {
        const before = readFileSync(folder.at(name));
        const { exitCode, stderr } = await verify(folder.at(name));
        expect(exitCode).toBe(9);
        expect(stderr).toMatch(/page not written: refused to replace .*it is untouched\n {2}hint: .*--html/);
        expect(readFileSync(folder.at(name))).toEqual(before);
      }
    });
  });

  it('needs the name of a file, and does not go together with --nagios', async () => {
    for (const name of ['-', '']) {
      const { exitCode, stderr } = await runRestaple(['verify', '--html', name, 'site.pem']);
      expect(exitCode).toBe(2);
      expect(stderr).toContain('is not the name of a file');
    }
    const { exitCode, stdout } = await runRestaple(['verify', '--nagios', '--html', 'x.html', 'site.pem']);
    expect(exitCode).toBe(3);
    expect(stdout).toMatch(/^OCSP UNKNOWN.*--nagios.*--html/);
  });

  it('shows one response of a file as well', async () => {
    await withFleet(async ({ add, folder }) => {
      add('site.pem', 100);
      const file = folder.at('one.html');
      const words = ['--response', folder.at('site.pem.ocsp'), '--issuer', folder.at('site.pem'), '--html', file];
      await runRestaple(['verify', ...at, ...words]);
      expect(readFileSync(file, 'utf8')).toContain('<th scope="row">site.pem.ocsp');
    });
  });
});
