import { describe, expect, it } from 'vitest';

import { nearestWord } from '../../../../src/cli/flags/nearest-word.js';

const words = ['timeout', 'connect-timeout', 'at', 'url', 'issuer', 'issuer-uri', 'keyCompromise', 'sha1', 'sha256'];

describe('the nearest word', () => {
  it.each([
    ['timeou', 'timeout'],
    ['TIMEOUT', 'timeout'],
    ['connectTimeout', 'connect-timeout'],
    ['connect_timeout', 'connect-timeout'],
    ['conn', 'connect-timeout'],
    ['isuer', 'issuer'],
    ['keycompromise', 'keyCompromise'],
    ['sha-265', 'sha256'],
    ['ur', 'url'],
  ])('to %s is %s', (word, nearest) => {
    expect(nearestWord(word, words)).toBe(nearest);
  });

  it.each(['', 'x', 'zz', 'frobnicate', 'x'.repeat(1000)])('to "%s" is none', (word) => {
    expect(nearestWord(word, words)).toBeUndefined();
  });
});
