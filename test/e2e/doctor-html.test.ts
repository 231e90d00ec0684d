import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';

import { doctorPage } from '../../src/cli/doctor/doctor-page.js';
import type { DoctorReport } from '../../src/pipeline/doctor/doctor-report.js';
import { inventedReport, now as inventedNow, record, server } from '../support/invented-host.js';
import { projectFolder, runRestaple } from '../support/run-program.js';
import { withTemporaryFolder } from '../support/temporary-folder.js';
import { rowsOf, violationsIn, withPage } from './support/browser.js';
import { haproxyWith, now, withFleet, type Fleet } from './support/stapled-fleet.js';

const at = ['--at', now.toISOString()];
const hostile = `<img src=x onerror=document.title=1>&"'.pem`;

/** Certificates in several states, of a haproxy. */
function addHaproxy(fleet: Fleet): string {
  const { add } = fleet;
  return haproxyWith(fleet, [
    add('long.example.pem', 160),
    add('gone.example.pem', 'missing'),
    add('old.example.pem', -30, { certificate: { mustStaple: true } }),
    add('plain.example.pem', 'missing', { certificate: { ocspUris: [] } }),
    add(hostile, 100, { status: { revokedAt: new Date('2026-01-02T00:00:00Z') } }),
  ]);
}

function pageOf(report: DoctorReport): string {
  return [...doctorPage(report, { host: 'web1.example', now: inventedNow, program: 'restaple' })].join('');
}

describe('the page of doctor --html', { tags: 'chromium' }, () => {
  it('shows every certificate by server, the gravest first, with its window and advice, and filters', async () => {
    await withFleet(async (fleet) => {
      const file = fleet.folder.at('host.html');
      const haproxy = addHaproxy(fleet);
      const { exitCode, stdout, stderr } = await runRestaple(['doctor', ...at, '--html', file, haproxy]);
      expect({ exitCode, stderr }).toEqual({ exitCode: 3, stderr: '' });
      await withPage(pathToFileURL(file).href, async (page, complaints) => {
        const rows = await rowsOf(page);
        expect(rows).toEqual([
          ['Must-Staple broken', '-1d 6h', fleet.folder.at('old.example.pem')],
          ['broken', '4d 4h', fleet.folder.at(hostile)],
          ['not served', '-', fleet.folder.at('gone.example.pem')],
          ['unrefreshed', '6d 16h', fleet.folder.at('long.example.pem')],
          ['needs nothing', '-', fleet.folder.at('plain.example.pem')],
        ]);
        expect(await page.locator('h2').allInnerTexts()).toEqual([`haproxy, ${fleet.folder.at('haproxy.cfg')}`]);
        const [advice = ''] = await page.locator('tr', { hasText: 'gone.example' }).locator('pre').allInnerTexts();
        const words = (text: string): string => text.replaceAll(/[\s\\]+/g, ' ');
        expect(advice.match(/^restaple \w+/gm)).toEqual(['restaple fetch', 'restaple verify']);
        expect(words(stdout)).toContain(words(advice));
        expect(await page.locator('tbody').getByRole('img').count()).toBe(3);
        const bar = page.locator('tr', { hasText: 'long.example' }).getByRole('img');
        expect(await bar.getAttribute('aria-label')).toMatch(
          /^from 2026-01-03 16:00, to 2026-01-10 16:00, due 2026-01-0[67] \S+, alert 2026-01-08 22:00$/,
        );
        await page.getByLabel('broken (1)', { exact: true }).uncheck();
        expect((await rowsOf(page)).map(([state]) => state)).not.toContain('broken');
        await page.getByLabel('Filter').fill('EXAMPLE fetch');
        expect((await rowsOf(page)).map(([state]) => state)).toEqual(['Must-Staple broken', 'not served']);
        expect(await page.getByRole('status').innerText()).toBe('2 of 5 shown');
        expect(complaints).toEqual([]);
      });
    });
  });

  it('is usable by keyboard and screen reader in light and dark, and on a narrow screen; advice can be copied', async () => {
    await withTemporaryFolder(async (folder) => {
      const file = folder.write('page.html', pageOf(inventedReport()));
      for (const colorScheme of ['light', 'dark'] as const) {
        await withPage(pathToFileURL(file).href, async (page, complaints) => {
          await page.emulateMedia({ colorScheme });
          expect(await violationsIn(page)).toEqual([]);
          await page.setViewportSize({ width: 360, height: 640 });
          expect(await violationsIn(page)).toEqual([]);
          await page.getByRole('button').nth(1).press('Enter');
          expect(await page.getByRole('button').nth(1).innerText()).toBe('Copied');
          await page.getByLabel('Filter').press('Control+V');
          expect(await page.getByLabel('Filter').inputValue()).toMatch(
            /^restaple fetch \\ +--reload haproxy:\S+ \\ +--confirm 127\S+ \\ +\/etc\S+shop\S+pem restaple verify /,
          );
          expect(complaints).toEqual([]);
        });
      }
    });
  });

  it('is printed whole: nothing is cut off, and no control is shown', async () => {
    await withTemporaryFolder(async (folder) => {
      const file = folder.write('page.html', pageOf(inventedReport()));
      await withPage(pathToFileURL(file).href, async (page) => {
        await page.emulateMedia({ media: 'print' });
        await page.setViewportSize({ width: 718, height: 1000 });
        expect(await page.getByRole('button').count()).toBe(0);
        expect(await page.getByLabel('Filter').isVisible()).toBe(false);
        expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(718);
        expect(await page.locator('tbody tr:visible').count()).toBe(7);
      });
    });
  });

  it('is below 1 MB for 2,000 certificates, whatever they need, and opens with the advice for the gravest', async () => {
    await withTemporaryFolder(async (folder) => {
      const nginx = server('nginx', 934, '/etc/nginx/nginx.conf', 'nginx');
      const certificates = Array.from({ length: 2000 }, (_, index) =>
        record(nginx, `/etc/nginx/certs/www-${index}.example.org.pem`, {
          state: index < 1000 ? 'not-served' : 'unrefreshed',
          reason: 'its responder is not used: there is no staple at the place where the server would look for one',
          hoursLeft: 100,
          code: 'not-configured',
        }),
      );
      const text = pageOf({ servers: [], certificates, remarks: [] });
      expect(Buffer.byteLength(text)).toBeLessThan(1_000_000);
      const file = folder.write('page.html', text);
      await withPage(pathToFileURL(file).href, async (page, complaints) => {
        expect(await page.getByRole('status').innerText()).toBe('2000 of 2000 shown');
        const [first, last] = [page.locator('tbody tr').first(), page.locator('tbody tr').last()];
        expect(await first.innerText()).toContain('restaple fetch');
        expect(await last.innerText()).toContain('what to do: restaple doctor nginx');
        expect(complaints).toEqual([]);
      });
    });
  });

  it('says in one sentence that there is nothing to staple', async () => {
    await withTemporaryFolder(async (folder) => {
      const file = folder.write('page.html', pageOf({ servers: [], certificates: [], remarks: [] }));
      await withPage(pathToFileURL(file).href, async (page, complaints) => {
        expect(await page.locator('main').innerText()).toContain('so there is nothing to staple');
        expect(await violationsIn(page)).toEqual([]);
        expect(complaints).toEqual([]);
      });
    });
  });
});

describe('doctor --html', () => {
  it('has the window of a served staple that is in no file', () => {
    const haproxy = server('haproxy', 1, '/etc/haproxy/haproxy.cfg', 'haproxy:/run/haproxy/admin.sock');
    const [place, outcome] = [{ host: '127.0.0.1', port: 443 }, 'served'] as const;
    const [thisUpdate, validUntil] = [new Date('2026-03-01T09:00:00Z'), new Date('2026-03-05T09:00:00Z')];
    const own = record(haproxy, '/certs/site.pem', { state: 'fine', reason: 'served, refreshed by ocsp-update on' });
    const served = { ...own, handshakes: [{ place, outcome, thisUpdate, validUntil }] };
    const text = pageOf({ servers: [], certificates: [served], remarks: [] });
    expect(text).toContain('<td>3d<td><i role="img" aria-label="from 2026-03-01 09:00, to 2026-03-05 09:00"');
  });

  it('keeps hostile names text, also in advice, and lets no other script run', () => {
    const name = `/certs/</pre><script>alert(1)</script>\u202e\n'.pem`;
    const haproxy = server(`<b>`, 1, '/etc/<i>.cfg', 'haproxy:/run/<x>');
    const condition = { state: 'not-served', reason: '<u>', code: 'other-staple', hoursLeft: 3 } as const;
    const remarks = [{ code: 'not-asked', message: '<s>', hint: '<q>' }] as const;
    const text = pageOf({ servers: [], certificates: [record(haproxy, name, condition)], remarks });
    expect(text.match(/<script>/g)).toHaveLength(1);
    expect(text).not.toMatch(/<(?:b|u|s|q|x)>|\u202e|href|src=/);
    expect(text).toContain('&lt;/pre&gt;&lt;script&gt;');
    expect(text).toMatch(/Content-Security-Policy" content="default-src &#39;none&#39;;script-src &#39;sha256-/);
  });

  it('replaces its own page, and leaves a key, a certificate and the words of others untouched, with 9', async () => {
    await withFleet(async (fleet) => {
      const { folder, add } = fleet;
      const haproxy = haproxyWith(fleet, [add('site.pem', 100)]);
      const doctor = (page: string) => runRestaple(['doctor', ...at, '--html', page, haproxy]);
      for (const name of ['host.html', 'host.html']) {
        expect(await doctor(folder.at(name))).toMatchObject({ exitCode: 0, stderr: '' });
      }
      expect(statSync(folder.at('host.html')).mode & 0o777).toBe(0o644);
      folder.write('notes', 'my own words');
      for (const name of ['notes', 'site.pem', 'haproxy.cfg']) {
        const before = readFileSync(folder.at(name));
        const { exitCode, stderr, stdout } = await doctor(folder.at(name));
        expect(exitCode).toBe(9);
        expect(stdout).toContain('unrefreshed');
        expect(stderr).toMatch(/page not written: refused to replace .*it is untouched\n {2}hint: .*--html/);
        expect(readFileSync(folder.at(name))).toEqual(before);
      }
    });
  });

  it('is shown in the pages by a picture of at most 150 KB', () => {
    const docs = (name: string): string => join(projectFolder, 'docs', name);
    expect(statSync(docs('doctor.png')).size).toBeLessThan(150_000);
    for (const name of ['doctor.md', 'monitoring.md'])
      expect(readFileSync(docs(name), 'utf8')).toContain('](doctor.png)');
  });
});
