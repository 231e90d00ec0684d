import { describe, expect, it } from 'vitest';

import { failing, httpStatus, resetConnection, silent } from '../support/behaviours.js';
import { startResponder, type Behaviour, type Responder } from '../support/misbehaving-responder.js';
import { counted, fetchFleet, good, withFleet, type FleetScene } from './support/fleet-under-faults.js';

/** Adds so many certificates to a fleet, all of one responder. */
function addMany(fleet: FleetScene, count: number, prefix: string, url?: string): void {
  for (let index = 0; index < count; index += 1) {
    const name = `${prefix}${String(index).padStart(4, '0')}`;
    fleet.add(name, { url: `${url ?? fleet.responder.url}/${name}` });
  }
}

/** Lends a second responder beside the fleet's own. */
async function withSecond(behaviour: Behaviour, use: (second: Responder) => Promise<void>): Promise<void> {
  const second = await startResponder({ behaviour });
  try {
    await use(second);
  } finally {
    await second.close();
  }
}

/**
 * Counts requests that are under way at the same time, in one count for each responder and one for all. Nobody is
 * answered before so many are under way together.
 */
function overlapCounter(expected: number) {
  let reach: () => void = () => undefined;
  const isReached = new Promise<void>((resolve) => (reach = resolve));
  const now = new Map<string, number>();
  const most = new Map<string, number>();
  const change = (key: string, by: number): void => {
    const count = (now.get(key) ?? 0) + by;
    now.set(key, count);
    most.set(key, Math.max(most.get(key) ?? 0, count));
  };
  const counting =
    (key: string, behaviour: Behaviour): Behaviour =>
    async (exchange) => {
      for (const one of [key, 'all']) change(one, 1);
      if (now.get('all') === expected) reach();
      await isReached;
      await new Promise((resolve) => setTimeout(resolve, 20));
      for (const one of [key, 'all']) change(one, -1);
      await behaviour(exchange);
    };
  return { counting, most };
}

it('a dead responder costs a few timeouts and not one a certificate, and keeps nobody else waiting', async () => {
  await withFleet(async (fleet) => {
    await withSecond(silent(), async (dead) => {
      addMany(fleet, 160, 'a', dead.url);
      addMany(fleet, 40, 'b');
      const { exitCode, records } = await fetchFleet(fleet, ['--timeout', '1500ms', '--connect-timeout', '10s']);
      expect(exitCode).toBe(7);
      const ofDead = records.filter(({ certificate }) => certificate.includes('/a'));
      expect(counted(ofDead)).toEqual({ unavailable: 160 });
      const codes = new Set(ofDead.map(({ error }) => error?.code));
      expect([...codes].sort()).toEqual(['responder-suspended', 'timeout']);
      // Ten in a row and what was under way by then, twice; and a probe a second.
      expect(dead.requests.length).toBeLessThan(80);
      expect(dead.connections()).toBeLessThan(80);
      expect(fleet.responder.requests.length).toBeGreaterThanOrEqual(40);
    });
  });
});

it('asks no more at once than it may: of one responder, and of all together', async () => {
  await withFleet(async (fleet) => {
    const { counting, most } = overlapCounter(6);
    fleet.responder.behaviour = counting('first', good(fleet.authority));
    await withSecond(counting('second', good(fleet.authority)), async (second) => {
      addMany(fleet, 30, 'a');
      addMany(fleet, 30, 'b', second.url);
      const { records } = await fetchFleet(fleet, ['--concurrency', '6', '--per-responder', '4']);
      expect(counted(records)).toEqual({ updated: 60 });
      expect(most.get('all')).toBe(6);
      for (const one of ['first', 'second']) expect(most.get(one)).toBeLessThanOrEqual(4);
    });
  });
});

it('starts no more requests to a responder than --rate says', async () => {
  await withFleet(async (fleet) => {
    addMany(fleet, 21, 'a');
    const started = performance.now();
    const { records } = await fetchFleet(fleet, ['--rate', '20/s']);
    // Twenty pauses of 50 ms: less time than that cannot have passed.
    expect(performance.now() - started).toBeGreaterThan(1000);
    expect(counted(records)).toEqual({ updated: 21 });
  });
});

describe('Retry-After', () => {
  it.each([429, 503])('of %s holds every certificate of that responder, and no other', async (status) => {
    await withFleet(async (fleet) => {
      await withSecond(httpStatus(status, { 'retry-after': '3600' }), async (busy) => {
        addMany(fleet, 40, 'a', busy.url);
        addMany(fleet, 20, 'b');
        const { records } = await fetchFleet(fleet, ['--per-responder', '4']);
        expect(counted(records)).toEqual({ unavailable: 40, updated: 20 });
        const codes = new Set(records.flatMap(({ error }) => (error === undefined ? [] : [error.code])));
        expect([...codes]).toEqual(['retry-after-too-long']);
        expect(busy.requests.length).toBeLessThanOrEqual(4);
      });
    });
  });

  it('that is short is waited for by all, and then all are served', async () => {
    await withFleet(async (fleet) => {
      fleet.responder.behaviour = failing(2, httpStatus(503, { 'retry-after': '1' }), good(fleet.authority));
      addMany(fleet, 30, 'a');
      const { records } = await fetchFleet(fleet, ['--per-responder', '2', '--retries', '2', '--timeout', '10s']);
      expect(counted(records)).toEqual({ updated: 30 });
      const [first = 0, ...others] = fleet.responder.requests.map(({ at }) => at);
      expect(others.filter((at) => at < first + 900).length).toBeLessThanOrEqual(1);
    });
  });
});

it('a responder that breaks off half of the time, often ten times in a row, is asked for every certificate', async () => {
  await withFleet(async (fleet) => {
    const served = good(fleet.authority);
    const broken = resetConnection();
    const asked = new Set<string>();
    fleet.responder.behaviour = (exchange) => {
      asked.add(exchange.request.url);
      return exchange.count % 50 < 25 ? broken(exchange) : served(exchange);
    };
    addMany(fleet, 100, 'a');
    const { records } = await fetchFleet(fleet, ['--retries', '0']);
    expect(asked.size).toBe(100);
    const codes = new Set(records.flatMap(({ error }) => (error === undefined ? [] : [error.code])));
    expect([...codes]).toEqual(['connection-failed']);
    expect(counted(records)['updated']).toBeGreaterThan(25);
  });
});

it('a slow responder does not keep the certificates of another waiting', async () => {
  await withFleet(async (fleet) => {
    const { authority, responder } = fleet;
    let served = 0;
    let release: () => void = () => undefined;
    const allServed = new Promise<void>((resolve) => (release = resolve));
    responder.behaviour = good(authority, () => {
      served += 1;
      if (served === 100) release();
    });
    const answer = good(authority);
    // It answers nobody before the other has served all of its own.
    const slow: Behaviour = async (exchange) => {
      await allServed;
      await answer(exchange);
    };
    await withSecond(slow, async (second) => {
      addMany(fleet, 40, 'a', second.url);
      addMany(fleet, 100, 'b');
      const { records } = await fetchFleet(fleet, ['--concurrency', '16', '--per-responder', '8', '--timeout', '30s']);
      expect(counted(records)).toEqual({ updated: 140 });
    });
  });
});

it('Must-Staple certificates are asked for first', async () => {
  await withFleet(async (fleet) => {
    addMany(fleet, 20, 'a');
    for (const name of ['m1', 'm2', 'm3']) fleet.add(name, { mustStaple: true });
    const { records } = await fetchFleet(fleet, ['--concurrency', '1']);
    expect(counted(records)).toEqual({ updated: 23 });
    const order = fleet.responder.requests.map(({ url }) => url);
    const others = Array.from({ length: 20 }, (_, index) => `/a${String(index).padStart(4, '0')}`);
    expect(order).toEqual(['/m1', '/m2', '/m3', ...others]);
  });
});
