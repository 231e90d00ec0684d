import { describe, expect, it } from 'vitest';

import { fleetPage } from '../../../../src/cli/verify/fleet-page.js';
import type { FleetMember } from '../../../../src/cli/verify/fleet.js';

const now = new Date('2026-01-04T00:00:00Z');
const hour = 3_600_000;

function member(path: string, hoursLeft: number): FleetMember {
  const at = (hours: number): Date => new Date(now.getTime() + hours * hour);
  const window = { thisUpdate: at(hoursLeft - 168), validUntil: at(hoursLeft) };
  if (hoursLeft > 0) {
    return { path, state: 'good', ...window, nextRefresh: at(hoursLeft - 84), alertFrom: at(hoursLeft - 42) };
  }
  const message = 'the response expired at 2026-12-06T07:50:37Z, 44d 16h ago';
  const hint = 'run restaple fetch; is the timer running?';
  const trouble = { kind: 'error', errorKind: 'store', code: 'expired', message, hint } as never;
  return { path, state: 'expired', ...window, trouble };
}

function pageOf(members: readonly FleetMember[], problems: readonly string[] = []): string {
  return [...fleetPage({ members, problems, now, program: 'restaple 1' })].join('');
}

function headings(page: string): string[] {
  return [...page.matchAll(/<h2>(.*)<\/h2>/g)].map(([, title]) => title ?? '');
}

describe('the page of a fleet', () => {
  it.each([100, -30])('of 2,000 certificates with %i hours left is smaller than 1 MB', (hoursLeft) => {
    const path = (number: number): string => `/etc/haproxy/certificates/customer-${number}.some-provider.example.pem`;
    const page = pageOf(Array.from({ length: 2000 }, (_, number) => member(path(number), hoursLeft)));
    expect(page.match(/<tr class/g)).toHaveLength(2000);
    expect(Buffer.byteLength(page)).toBeLessThan(1_000_000);
  });

  it('groups certificates by folder, with the folder of the most urgent one first', () => {
    const page = pageOf([
      member('/a/1.pem', 100),
      member('/a/2.pem', 90),
      member('/b/1.pem', -1),
      member('/b/2.pem', 2),
    ]);
    expect(headings(page)).toEqual(['/b', '/a']);
  });

  it('groups those that have a folder of their own by the folder above', () => {
    const live = ['one', 'two'].map((name) => member(`/live/${name}/fullchain.pem`, 100));
    const page = pageOf([...live, member('/alone/site.pem', 90)]);
    expect(headings(page)).toEqual(['/alone', '/live']);
    expect(page).toContain('<th scope="row">one/<wbr>fullchain.pem');
  });

  it('shows what belongs to no certificate above them, and no list where there is nothing', () => {
    expect(pageOf([], ['a CRL & more'])).toContain('<ul class="remarks"><li><p>a CRL &amp; more</ul>');
    expect(pageOf([])).not.toContain('<ul');
  });

  it('shows text that moves a cursor or turns its direction as escapes', () => {
    const page = pageOf([member('/a/\u202egnp.pem', 100), member('/a/\u001b[31m.pem', 100)]);
    expect(page).toContain('\\u{202e}gnp.pem');
    expect(page).toContain('\\x1b[31m.pem');
  });
});
