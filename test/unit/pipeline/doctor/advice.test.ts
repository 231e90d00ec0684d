import { describe, expect, it } from 'vitest';

import { readableAdvice } from '../../../../src/pipeline/doctor/advice.js';
import type { StapleFacts } from '../../../../src/pipeline/doctor/doctor-report.js';
import { diagnose } from '../../../../src/pipeline/doctor/judge.js';
import { now, subjectOf } from '../../../support/invented-host.js';

/** A file that the server's user may not read, as the server's configuration names it. */
function closed(file: string, verdict: StapleFacts['verdict'] & string) {
  return { staple: { file, isThere: true, verdict, obstacle: `${file} has mode 0640` } };
}

describe('advice to open a staple to its server', () => {
  it('is for a staple', () => {
    const advice = [{ do: 'run', command: 'chmod a+r /etc/passwd' }];
    expect(readableAdvice(closed('/etc/passwd', 'good'))).toEqual(advice);
  });

  it('is never for a file that is none, which anybody who starts a server may name', () => {
    expect(readableAdvice(closed('/etc/passwd', 'invalid'))).toEqual([]);
  });

  it('is never for a place where others may put a link', () => {
    expect(readableAdvice(closed('/tmp/site.ocsp', 'good'))).toEqual([]);
  });

  it('opens no folder', () => {
    const { staple } = closed('/etc/passwd', 'good');
    expect(readableAdvice({ staple: { ...staple, obstacle: '/etc has mode 0750' } })).toEqual([]);
  });
});

describe('a staple that is served and in no file', () => {
  it.each([
    ['haproxy', 'unrefreshed'],
    // A part of its configuration may be unread: nobody pushes into it.
    ['nginx', 'fine'],
    ['apache', 'fine'],
  ])('of %s is %s', (name, state) => {
    const found = { name, configurations: ['/etc/site.conf'], certificates: [], remarks: [] };
    const place = { host: '127.0.0.1', port: 443 };
    const subject = subjectOf(found, '/certs/site.pem', { places: [place] });
    const handshakes = [{ place, outcome: 'served' as const }];
    const report = { certificate: '/certs/site.pem', findings: [] } as never;
    expect(diagnose({ ...subject, report, handshakes, refreshedBy: [] }, now)).toMatchObject({ state });
  });
});
