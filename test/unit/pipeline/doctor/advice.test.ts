import { describe, expect, it } from 'vitest';

import { readableAdvice } from '../../../../src/pipeline/doctor/advice.js';
import type { StapleFacts } from '../../../../src/pipeline/doctor/doctor-report.js';

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
