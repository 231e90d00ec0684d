import { describe, expect, it } from 'vitest';

import { ownHint } from '../../../../src/cli/flags/own-hint.js';

const flags = { issuer: {}, timeout: {}, 'fetch-issuer': {} };

describe('a hint for a command', () => {
  it.each([
    ['create /srv, or choose another place with --out', 'create /srv'],
    ['name it with --out, or link to the file itself', 'link to the file itself'],
    ['try later; otherwise check the issuer and --url', 'try later; otherwise check the issuer'],
    ['name another file with --out', ''],
    ['wait longer with --timeout or --connect-timeout', 'wait longer with --timeout'],
    ['fetch a new response: restaple fetch --force', 'fetch a new response: restaple fetch --force'],
    ['name it with --issuer FILE, or allow its download (without --no-fetch-issuer)', undefined],
    ["write it like exec:'/bin/deploy --staple'; see: restaple reload --help", undefined],
    ['the path is /srv/a--url, nothing else', undefined],
  ])('%s', (hint, said = hint) => {
    expect(ownHint(hint, flags)).toBe(said);
  });
});
