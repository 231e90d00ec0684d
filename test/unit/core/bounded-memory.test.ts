import { expect, it } from 'vitest';

import { createBoundedMemory } from '../../../src/core/bounded-memory.js';

it('forgets what was used longest ago, and keeps the newest whatever it takes', () => {
  const memory = createBoundedMemory<string>(100);
  memory.set('a', 'A', 40);
  memory.set('b', 'B', 40);
  expect(memory.get('a')).toBe('A');
  memory.set('c', 'C', 40);
  expect(['a', 'b', 'c'].map((key) => memory.get(key))).toEqual(['A', undefined, 'C']);
  memory.set('huge', 'H', 1000);
  expect(['a', 'c', 'huge'].map((key) => memory.get(key))).toEqual([undefined, undefined, 'H']);
  memory.set('d', 'D', 100);
  expect(memory.get('huge')).toBeUndefined();
  expect(memory.get('d')).toBe('D');
});

it('makes room before something large is made, and counts one key once', () => {
  const memory = createBoundedMemory<string>(100);
  memory.set('a', 'A', 60);
  memory.set('a', 'B', 60);
  memory.makeRoom(40);
  expect(memory.get('a')).toBe('B');
  memory.makeRoom(41);
  expect(memory.get('a')).toBeUndefined();
});
