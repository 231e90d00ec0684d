import { join } from 'node:path';
import { lastWord, settingsIn, type ApacheHost, type ApacheSettings } from './hosts.js';
import type { ApacheDirective } from './syntax.js';

/** A domain whose certificate mod_md gets. */
export interface ManagedDomain {
  /** MDStapling of the domain, else of the host. */
  staplingOf(host: ApacheHost): string;
  /** The files that the host serves, each with the line of the domain. */
  certificatesOf(host: ApacheHost): { readonly name: string; readonly file: string; readonly line: number }[];
}

export interface ManagedDomains {
  /** The domain of a host with these names. */
  find(names: readonly string[]): ManagedDomain | undefined;
}

/** The domains of `MDomain` and `<MDomain>`. */
export function managedDomains(directives: readonly ApacheDirective[]): ManagedDomains {
  const domains = new Map<string, ManagedDomain>();
  for (const { name, words, file, line, section = [] } of directives) {
    if (!['mdomain', '<mdomain>', '<mdomainset>'].includes(name)) continue;
    const names = words.filter((word) => !/^(?:auto|manual)$/i.test(word)).map((word) => word.toLowerCase());
    const domain = managedDomain(names, settingsIn(section), { file, line });
    for (const one of names) if (!domains.has(one)) domains.set(one, domain);
  }
  return {
    find: (names) => names.map((name) => domains.get(name)).find((one) => one !== undefined),
  };
}

function managedDomain(
  [first = '']: readonly string[],
  own: ApacheSettings,
  position: { readonly file: string; readonly line: number },
): ManagedDomain {
  return {
    staplingOf: (host) => own.get('mdstapling')?.at(-1)?.words[0] ?? lastWord(host, 'mdstapling') ?? 'off',
    certificatesOf(host) {
      const named = (own.get('mdcertificatefile') ?? []).slice(0, 8).flatMap(({ words }) => words.slice(0, 1));
      const kept = join(lastWord(host, 'mdstoredir') ?? 'md', 'domains', first, 'pubcert.pem');
      return (named.length > 0 ? named : [kept]).map((name) => ({ name, ...position }));
    },
  };
}
