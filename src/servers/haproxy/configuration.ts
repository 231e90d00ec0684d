import { pathKey, type FilePath } from '../../core/file-path.js';
import { realPathOf } from '../../system/real-path.js';
import { oncePer } from '../../core/once-per.js';
import { quotedWord, withoutComment } from './configuration-words.js';

/** What the configuration of a haproxy says of certificates, as that haproxy resolves it at its start. */
export interface HaproxyConfiguration {
  readonly certificates: readonly ConfiguredCertificate[];
  readonly binds: readonly ConfiguredBind[];
  readonly sockets: readonly ConfiguredSocket[];
  /** What could not be read, in sentences: lists, folders. */
  readonly problems: readonly string[];
}

/** A `stats socket`: its address as written, and whether it has `level admin`. */
export interface ConfiguredSocket {
  readonly address: string;
  readonly isAdmin: boolean;
}

/** A certificate that haproxy loads. */
export interface ConfiguredCertificate {
  /** What haproxy's commands call it, an octet a character: the path as haproxy opens it, or `@store/alias`. */
  readonly name: string;
  readonly path: FilePath;
  /** The file that haproxy reads its staple from at each start; undefined where it reads none. */
  readonly staplePath: FilePath | undefined;
  /** Whether it does not start where that file is missing. */
  readonly needsStapleFile: boolean;
  /** haproxy fetches the staple itself (`ocsp-update on`). */
  readonly isOwnUpdate: boolean;
  readonly line: ConfigurationLine;
}

/** A line of a `bind` that speaks TLS. */
export interface ConfiguredBind {
  /** As written: `:443`, `127.0.0.1:8443`, `/run/x.sock`, `quic4@:443`. */
  readonly addresses: readonly string[];
  /** The names of its certificates, by what names them: binds that name one crt-list share one array. */
  readonly certificates: readonly (readonly string[])[];
  readonly line: ConfigurationLine;
}

/** A line and where it stands. */
export interface ConfigurationLine {
  readonly file: FilePath;
  readonly number: number;
  /** An octet a character. */
  readonly text: string;
  readonly kind: 'bind' | 'crt-list' | 'crt-store';
}

/** The line with which haproxy reads the staple of a certificate from a file, an octet a character. */
export function lineWithStaple({ line }: ConfiguredCertificate, staplePath: FilePath): string {
  const path = Buffer.from(staplePath).toString('latin1');
  const text = line.text.trim();
  switch (line.kind) {
    case 'crt-store':
      return `${withoutComment(text)} ocsp ${quotedWord(path)}`;
    case 'crt-list': {
      const option = `ocsp ${path}`;
      if (text.includes('['))
        return text.replace(/ *\]/, (end) => (text.includes('[]') ? '' : ' ') + option + end.trim());
      const [name = '', ...filters] = text.split(/\s+/);
      return [name, `[${option}]`, ...filters].join(' ');
    }
    case 'bind':
      return 'ssl-load-extra-files all';
  }
}

/** The configured certificate of a file, whatever link leads to it; several where it is loaded more than once. */
export function configuredAs(configuration: HaproxyConfiguration, path: FilePath): readonly ConfiguredCertificate[] {
  return byRealPath(configuration).get(pathKey(realPathOf(path))) ?? [];
}

const byRealPath = oncePer(({ certificates }: HaproxyConfiguration) => {
  const known = new Map<string, ConfiguredCertificate[]>();
  for (const one of certificates) {
    const key = pathKey(realPathOf(one.path));
    const others = known.get(key);
    if (others === undefined) known.set(key, [one]);
    else others.push(one);
  }
  return known;
});

/** Whether two paths lead to one file, over links too. */
export function isSameFile(one: FilePath, other: FilePath): boolean {
  return pathKey(realPathOf(one)) === pathKey(realPathOf(other));
}
