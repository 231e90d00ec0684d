import { programPath } from '../../test/support/run-program.js';
import { countStaples, placeStaples, withoutStaples, type Fleet } from './fleet-folder.js';
import { runMeasured, type Measured } from './run-measured.js';

/** How many certificates and requests to the one responder at a time. */
export const usualConcurrency = 32;

/** One program over the whole fleet with everything due; afterwards each certificate has to have its staple. */
export async function fetchCold(
  fleet: Fleet,
  command: string,
  wordsFor: (certificates: string) => readonly string[],
): Promise<Measured> {
  const run = withoutStaples(fleet);
  const measured = await runMeasured(command, wordsFor(run.certificates));
  const written = countStaples(run);
  if (written !== fleet.size) throw new Error(`${command} wrote ${written} staples, not ${fleet.size}`);
  return measured;
}

/** `restaple fetch` as cron runs it, with everything due. */
export function fetchColdByRestaple(fleet: Fleet, concurrency = usualConcurrency): Promise<Measured> {
  return fetchCold(fleet, process.execPath, (certificates) => fetchWords(certificates, concurrency));
}

/** `restaple fetch` as cron runs it, with nothing due: no responder is there, so that one who asks ends with 7. */
export async function fetchNothingDue(fleet: Fleet): Promise<Measured> {
  placeStaples(fleet);
  return await runMeasured(process.execPath, [...fetchWords(fleet.certificates, usualConcurrency), '--strict']);
}

/** Makes sure that such a pass looks at every certificate. */
export async function requireAllFresh(fleet: Fleet): Promise<void> {
  placeStaples(fleet);
  const { stdout } = await runMeasured(process.execPath, [
    ...fetchWords(fleet.certificates, usualConcurrency),
    '--strict',
    '--json',
  ]);
  const last = stdout.trimEnd().split('\n').at(-1) ?? '';
  const { summary } = JSON.parse(last) as { summary: { fresh: number } };
  if (summary.fresh !== fleet.size) throw new Error(`${summary.fresh} staples were fresh, not ${fleet.size}`);
}

function fetchWords(certificates: string, concurrency: number): string[] {
  const bounds = ['--concurrency', String(concurrency), '--per-responder', String(concurrency)];
  return [programPath, 'fetch', '--allow-private', ...bounds, certificates];
}
