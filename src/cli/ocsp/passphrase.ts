import { readPassphraseFile } from '../../source/passphrase-file.js';
import { readHandedOverPipes } from '../../system/handed-over-pipe.js';
import { orFailure, unusable } from './failure.js';

const cannotGet = 'Error getting password';

/**
 * The passphrase of -passin: `pass:WORD`, `env:NAME`, `file:PATH`, `fd:NUMBER` or `stdin`, of the last three the first line.
 *
 * @returns nothing where there is no -passin
 * @throws OpensslFailure
 */
export async function readPassphrase(source: string | undefined): Promise<Uint8Array | string | undefined> {
  if (source === undefined) return undefined;
  if (source === 'stdin') return await firstLineOf('/dev/stdin');
  const [, kind, value = ''] = /^(pass|env|file|fd):([^]*)$/.exec(source) ?? [];
  switch (kind) {
    case 'pass':
      return value;
    case 'env': {
      const known = process.env[value];
      if (known === undefined) throw unusable(`No environment variable ${value}`, cannotGet);
      return known;
    }
    case 'file':
      return await firstLineOf(value);
    case 'fd':
      if (!/^\d{1,6}$/.test(value)) throw unusable(`Can't access file descriptor ${value}`, cannotGet);
      return await firstLineOf(`/dev/fd/${value}`);
    default:
      throw unusable('Invalid password argument, it must begin with pass:, env:, file: or fd:, or be stdin', cannotGet);
  }
}

async function firstLineOf(path: string): Promise<Uint8Array> {
  return await orFailure([cannotGet], async () => {
    await readHandedOverPipes(
      [path].filter((one) => one.startsWith('/dev/')),
      limits,
    );
    return readPassphraseFile(path).passphrase;
  });
}

const limits = { octets: 4096, silenceMilliseconds: 60_000 };
