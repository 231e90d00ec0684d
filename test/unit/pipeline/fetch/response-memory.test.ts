import { describe, expect, it } from 'vitest';

import { createResponseMemory } from '../../../../src/pipeline/fetch/response-memory.js';
import type { ResponderAnswer } from '../../../../src/transport/ask-responder.js';

const now = new Date('2026-03-01T12:00:00Z');
const thisUpdate = new Date('2026-03-01T10:00:00Z');

function answerWith(headers: Readonly<Record<string, string>>): ResponderAnswer {
  const rest = { url: 'http://ocsp.example/', method: 'get', milliseconds: 1, warnings: [] } as const;
  return { isNotModified: false, body: new Uint8Array(1), headers, ...rest };
}

function remembered(headers: Readonly<Record<string, string>>): { tag: string | undefined; until: string | undefined } {
  const memory = createResponseMemory();
  memory.remember('a.ocsp', thisUpdate, answerWith(headers), now);
  return {
    tag: memory.entityTag('a.ocsp', thisUpdate),
    until: memory.freshUntil('a.ocsp', thisUpdate)?.toISOString(),
  };
}

describe('what a watch remembers of an answer', () => {
  it.each([
    ['max-age=3600', {}, '2026-03-01T13:00:00.000Z'],
    ['public, max-age=60, no-transform', {}, '2026-03-01T12:01:00.000Z'],
    ['max-age=3600', { age: '3000' }, '2026-03-01T12:10:00.000Z'],
    ['max-age=10', { age: '3000' }, '2026-03-01T12:00:00.000Z'],
    ['no-cache, max-age=3600', {}, undefined],
    ['max-age=3600, no-store', {}, undefined],
    ['max-age=soon', {}, undefined],
    ['s-maxage=3600', {}, undefined],
  ])('is by %s %j fresh until %s', (control, more, until) => {
    expect(remembered({ 'cache-control': control, ...more }).until).toBe(until);
  });

  it.each([['"abc"'], ['W/"abc"']])('has the entity tag %s', (tag) => {
    expect(remembered({ etag: tag }).tag).toBe(tag);
  });

  it.each([['abc'], ['"a\u0001b"'], ['"a" , "b"'], [`"${'x'.repeat(300)}"`]])('has no entity tag by %j', (tag) => {
    expect(remembered({ etag: tag }).tag).toBeUndefined();
  });

  it('is of no use for another staple, or another response at its place', () => {
    const memory = createResponseMemory();
    memory.remember('a.ocsp', thisUpdate, answerWith({ etag: '"a"', 'cache-control': 'max-age=60' }), now);
    expect(memory.entityTag('b.ocsp', thisUpdate)).toBeUndefined();
    expect(memory.freshUntil('a.ocsp', now)).toBeUndefined();
  });

  it('is forgotten with an answer that says nothing of it', () => {
    const memory = createResponseMemory();
    memory.remember('a.ocsp', thisUpdate, answerWith({ etag: '"a"' }), now);
    memory.remember('a.ocsp', thisUpdate, answerWith({}), now);
    expect(memory.entityTag('a.ocsp', thisUpdate)).toBeUndefined();
  });
});
