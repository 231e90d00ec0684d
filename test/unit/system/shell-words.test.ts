import { describe, expect, it } from 'vitest';

import { shellLine, splitWords } from '../../../src/system/shell-words.js';

describe('words by the quoting rules of the shell', () => {
  it.each([
    ['a b\tc\n d', ['a', 'b', 'c', 'd']],
    ["'a b' c", ['a b', 'c']],
    ['"a b" c', ['a b', 'c']],
    [`pre'fix 'ed"and more"`, ['prefix edand more']],
    [String.raw`'\n' "\n" \n`, [String.raw`\n`, String.raw`\n`, 'n']],
    [String.raw`"\"\\\$\`" \"`, ['"\\$`', '"']],
    [String.raw`a\ b`, ['a b']],
    [`'' ""`, ['', '']],
    ['$HOME `id` $(id) * ~ ; & | >', ['$HOME', '`id`', '$(id)', '*', '~', ';', '&', '|', '>']],
    ['   ', []],
    ['', []],
  ])('%j are %j', (text, words) => {
    expect(splitWords(text)).toEqual(words);
  });

  it.each(["'", "a 'b", '"', 'a "b', String.raw`"a\"`, 'a\\'])('%j has an open quote', (text) => {
    expect(splitWords(text)).toBeUndefined();
  });
});

describe('a line for sh', () => {
  it('means its words, and quotes only those that need it and long options', () => {
    const words = ['/usr/sbin/nginx', '-t', '-c', `/a b/q'uo"te.conf`, '--test', '', '~', '$HOME', '#x'];
    expect(splitWords(shellLine(words))).toEqual(words);
    expect(shellLine(words)).toMatch(/^\/usr\/sbin\/nginx -t -c '.* '--test' '' '~' '\$HOME' '#x'$/);
  });
});
