import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fixtureFiles } from '../../fixtures/generate.js';

const folder = join(import.meta.dirname, '..', '..', 'fixtures');
const generated = await fixtureFiles();

describe('the fixtures', () => {
  it.each([...generated])('%s holds what fixtures/generate.ts writes', (file, bytes) => {
    expect(readFileSync(join(folder, file)).toString('hex')).toBe(bytes.toString('hex'));
  });

  it('are all named in their README', () => {
    const files = readdirSync(folder).filter((file) => /\.(?:der|pem)$/.test(file));
    const named = [...readFileSync(join(folder, 'README.md'), 'utf8').matchAll(/^\| `([^`]+)`/gm)].map(
      ([, file]) => file,
    );
    expect(named.toSorted()).toEqual(files.toSorted());
    expect(files.toSorted()).toEqual([...generated.keys()].filter((file) => !file.includes('/')).toSorted());
  });
});
