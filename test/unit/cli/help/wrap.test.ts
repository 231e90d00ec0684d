import { describe, expect, it } from 'vitest';

import { inColumns, wrap, wrapCommand } from '../../../../src/cli/help/wrap.js';

describe('wrapped text', () => {
  it('stays within its width, but for a longer word', () => {
    expect(wrap('one two three', 7)).toEqual(['one two', 'three']);
    expect(wrap('a /very/long/path b', 6)).toEqual(['a', '/very/long/path', 'b']);
    expect(wrap('', 6)).toEqual([]);
  });

  it('of a command can be pasted: a flag stays with its value, quoted words stay whole', () => {
    const command = "restaple fetch --header 'X-Key: a b' --out /tmp/x site.pem";
    const lines = wrapCommand(command, 32);
    expect(lines).toEqual(['restaple fetch \\', "  --header 'X-Key: a b' \\", '  --out /tmp/x site.pem']);
    expect(wrapCommand(command, 200)).toEqual([command]);
    const quoted = String.raw`restaple fetch 'it'\''s my file.pem'`;
    expect(wrapCommand(quoted, 20)).toEqual(['restaple fetch \\', String.raw`  'it'\''s my file.pem'`]);
  });

  it('stands beside its label, or below one that is too long, or below all in a narrow terminal', () => {
    const rows = [
      ['--at', 'judge as of this time'],
      ['--trusted-responder', 'believe it'],
    ] as const;
    expect(inColumns(rows, 80, 10)).toEqual([
      '  --at        judge as of this time',
      '  --trusted-responder',
      '              believe it',
    ]);
    expect(inColumns(rows, 30, 10).slice(0, 2)).toEqual(['  --at', '      judge as of this time']);
  });
});
