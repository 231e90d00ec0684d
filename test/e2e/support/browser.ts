import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { chromium, type Page } from 'playwright-core';

/** Debian's, which looks for nothing on the network. */
const options = {
  executablePath: '/usr/bin/chromium',
  args: [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
  ],
};

/** Opens a page in a browser; `complaints` fills with the errors of its console and of its scripts. */
export async function withPage(
  url: string,
  use: (page: Page, complaints: readonly string[]) => Promise<void>,
): Promise<void> {
  const browser = await chromium.launch(options);
  try {
    const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
    const complaints: string[] = [];
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
    });
    page.on('pageerror', ({ message }) => complaints.push(message));
    page.on('request', (request) => {
      if (request.url() !== url) complaints.push(`asked for ${request.url()}`);
    });
    await page.goto(url);
    await use(page, complaints);
  } finally {
    await browser.close();
  }
}

/** What a reader sees of each row: state, time left, certificate. */
export async function rowsOf(page: Page): Promise<string[][]> {
  const rows = await page.locator('tbody tr:visible').all();
  return await Promise.all(
    rows.map(async (row) => {
      const cells = await row.locator('td, th').allInnerTexts();
      return [cells[0] ?? '', cells[1] ?? '', cells[3] ?? ''];
    }),
  );
}

/** What axe-core finds wrong with a page for people who do not see it, or use no mouse. */
export async function violationsIn(page: Page): Promise<readonly unknown[]> {
  await page.evaluate(readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8'));
  const { violations } = await page.evaluate<{ violations: readonly unknown[] }>('axe.run()');
  return violations;
}
