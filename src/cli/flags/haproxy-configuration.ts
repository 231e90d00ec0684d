import { resolve } from 'node:path';
import { OcspError } from '../../core/index.js';
import { appendToPath, pathKey } from '../../core/file-path.js';
import type { HaproxyConfiguration } from '../../servers/haproxy/configuration.js';
import { readHaproxyConfiguration } from '../../servers/haproxy/configuration-reader.js';
import { systemErrorText } from '../../system/system-error.js';
import type { NamedSource } from '../../source/named-source.js';
import type { Output } from '../output.js';

/**
 * What the files of --haproxy-config say, with a warning for what they name and cannot be read; undefined where none were named.
 *
 * @throws OcspError `usage` for one that cannot be read
 */
export function haproxyConfigurationFrom(
  files: readonly string[],
  { warn }: Pick<Output, 'warn'>,
): HaproxyConfiguration | undefined {
  const configuration = knownHaproxyConfiguration(files);
  for (const problem of configuration?.problems ?? []) warn(`--haproxy-config: ${problem}`);
  return configuration;
}

/** The same where somebody else warns. */
export function knownHaproxyConfiguration(files: readonly string[]): HaproxyConfiguration | undefined {
  if (files.length === 0) return undefined;
  const surroundings = { workingFolder: '/', environment: process.env };
  try {
    return readHaproxyConfiguration(
      files.map((file) => resolve(file)),
      surroundings,
    );
  } catch (error) {
    const { path, message } = error as NodeJS.ErrnoException;
    throw new OcspError(
      'usage',
      `--haproxy-config: ${path === undefined ? message : `${path} cannot be read: ${systemErrorText(error)}`}`,
      'name the file that haproxy is started with: haproxy -f FILE',
      { cause: error },
    );
  }
}

/** Certificates whose staples haproxy reads from elsewhere than beside them, as sources that say where these go. */
export function placesByConfiguration({ certificates }: HaproxyConfiguration): NamedSource[] {
  return certificates.flatMap(({ path, staplePath }) => {
    if (typeof staplePath !== 'string' || /[{}]/.test(staplePath)) return [];
    return staplePath === pathKey(appendToPath(path, '.ocsp')) ? [] : [{ path, out: staplePath }];
  });
}
