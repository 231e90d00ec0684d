import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { definedOnly } from '../../core/defined-only.js';
import { listeningSockets, reachableHost, socketOwners } from '../../system/network/listening-sockets.js';
import type { ConfigurationPrinting, FoundServer, ServedPlace, UsedCertificate } from '../discovery.js';

const environmentOfDebian = '/etc/apache2/envvars';

/** `apachectl -t -D DUMP_CERTS`: the files of its certificates, of those that macros and variables name too. */
export const apachePrinting: ConfigurationPrinting = {
  daemon: {
    name: 'apache',
    keepsRights: true,
    test: {
      words: ['-t'],
      options: {
        '-f': 'configuration',
        '-d': 'folder',
        // What <IfDefine> asks for.
        '-D': 'passed',
        '-k': 'value',
        '-E': 'value',
        '-X': 'switch',
      },
      builtIn: {
        words: ['-V'],
        read({ stdout }) {
          const defined = (name: string): string | undefined => new RegExp(`-D ${name}="([^"]+)"`).exec(stdout)?.[1];
          const [folder, file] = [defined('HTTPD_ROOT'), defined('SERVER_CONFIG_FILE')];
          return definedOnly({ folder, file: file === undefined ? undefined : resolve(folder ?? '/', file) });
        },
      },
    },
  },
  words: ['-t', '-D', 'DUMP_CERTS'],
  script: { name: 'apachectl', reads: existsSync(environmentOfDebian) ? [environmentOfDebian] : [] },
  read(printed, _instance, found) {
    const list = /^Server certificates:\n((?: +\/.*\n?)*)/m.exec(printed)?.[1];
    // Without TLS it prints no list, and nor does an Apache that does not know the word.
    if (list === undefined) return found;
    const known = new Set(found.certificates.map(({ certificate }) => certificate));
    const names = list.split('\n').map((line) => line.trim());
    const others = [...new Set(names)].filter((name) => name !== '' && !known.has(name));
    const places = others.length === 0 ? [] : placesOf(found);
    const added = others.map((certificate): UsedCertificate => ({ certificate, places, isNamedByNoLine: true }));
    return { ...found, certificates: [...found.certificates, ...added] };
  },
};

/** Where it listens: nobody says which of its certificates are where. */
function placesOf({ pid }: FoundServer): ServedPlace[] {
  const owners = pid === undefined ? new Map<string, number>() : socketOwners([pid]);
  return listeningSockets()
    .filter(({ inode, port }) => owners.has(inode) && port !== 80)
    .map(({ host, port }) => definedOnly({ host: reachableHost(host), port }));
}
