// The picture of a page in docs/: that of an invented host, shown by Debian's Chromium.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { doctorPage } from '../../src/cli/doctor/doctor-page.js';
import { withPage } from '../e2e/support/browser.js';
import { inventedReport, now } from '../support/invented-host.js';
import { projectFolder } from '../support/run-program.js';
import { withTemporaryFolder } from '../support/temporary-folder.js';

await withTemporaryFolder(async (folder) => {
  const html = [...doctorPage(inventedReport(), { host: 'web1.example.org', now, program: 'restaple' })].join('');
  const file = folder.write('page.html', html);
  const [path = join(projectFolder, 'docs', 'doctor.png'), colorScheme = 'light'] = process.argv.slice(2);
  await withPage(pathToFileURL(file).href, async (page) => {
    await page.setViewportSize({ width: 1280, height: 900 });
    await page.emulateMedia({ colorScheme: colorScheme === 'dark' ? 'dark' : 'light' });
    writeFileSync(path, await page.screenshot());
  });
});
