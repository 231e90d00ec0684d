import { basename, join } from 'node:path';
import { textOfFile, filesIn, namesIn } from './host-files.js';

/** What an ACME client runs after it has renewed a certificate. */
export interface RenewalHook {
  /** A command for a shell, or the text of a script. */
  readonly text: string;
  /** The file that says so. */
  readonly where: string;
  /** Where the client has its certificates: a variable of the hook stands for one of them. */
  readonly tree: string;
  /** Files that the hook's settings name in their place. */
  readonly certificates: readonly string[];
}

/** A staple that acme.sh itself writes when it has renewed a certificate, and never again until it renews it the next time. */
export interface DeployedStaple {
  readonly certificate: string;
  readonly where: string;
}

/** What certbot, dehydrated and acme.sh run after a renewal. */
export function renewalHooks(root: string): RenewalHook[] {
  return [...certbotHooks(root), ...dehydratedHooks(root), ...acmeShDomains(root).flatMap(reloadCommand)];
}

/** Where certbot has its certificates. */
export const certbotTree = '/etc/letsencrypt/live';

function certbotHooks(root: string): RenewalHook[] {
  const home = join(root, 'etc/letsencrypt');
  const tree = certbotTree;
  const scripts = ['deploy', 'post'].flatMap((kind) => filesIn(join(home, 'renewal-hooks', kind)));
  const named = namesIn(join(home, 'live')).map((name) => join(tree, name));
  const settings = textOfFile(join(root, 'etc/default/restaple-certbot')) ?? '';
  const value = /^\s*(?:export\s+)?RESTAPLE_CERT=(.*)$/m
    .exec(settings)?.[1]
    ?.trim()
    .replace(/^(["'])(.*)\1$/, '$2');
  const certificates = value === undefined ? [] : named.map((lineage) => withLineage(value, lineage));
  const ofScripts = scripts.flatMap((where): RenewalHook[] => {
    const text = textOfFile(where);
    if (text === undefined) return [];
    return [{ text, where, tree, certificates: text.includes('RESTAPLE_CERT') ? certificates : [] }];
  });
  const hook = /^\s*(?:deploy|renew|post)[-_]hook\s*=\s*(.+)$/gm;
  const ofSettings = [join(home, 'cli.ini'), ...filesIn(join(home, 'renewal'))].flatMap((where) => {
    const own = where.endsWith('/cli.ini') ? tree : join(tree, basename(where, '.conf'));
    return [...(textOfFile(where) ?? '').matchAll(hook)].map(([, text = '']): RenewalHook => {
      return { text, where, tree: own, certificates: [] };
    });
  });
  return [...ofScripts, ...ofSettings];
}

/** What a shell makes of a path that is named by the lineage or its folder. */
function withLineage(value: string, lineage: string): string {
  return value
    .replaceAll('${RENEWED_LINEAGE##*/}', basename(lineage))
    .replace(/\$(?:RENEWED_LINEAGE\b|\{RENEWED_LINEAGE\})/g, lineage);
}

function dehydratedHooks(root: string): RenewalHook[] {
  const home = join(root, 'etc/dehydrated');
  const settings = [join(home, 'config'), ...filesIn(join(home, 'conf.d'))];
  return settings.flatMap((file): RenewalHook[] => {
    const where = /^\s*HOOK=["']?(\/[^"'\s]+)/m.exec(textOfFile(file) ?? '')?.[1];
    const text = where === undefined ? undefined : textOfFile(join(root, where));
    if (where === undefined || text === undefined) return [];
    return ['/etc/dehydrated/certs', '/var/lib/dehydrated/certs'].map((tree) => {
      return { text, where, tree, certificates: [] };
    });
  });
}

/** Where acme.sh is installed by root, and by distributions. */
const acmeShHomes: readonly string[] = ['root/.acme.sh', 'etc/acme.sh'];

/** What acme.sh keeps about one certificate. */
interface AcmeShDomain {
  readonly where: string;
  readonly tree: string;
  readonly setting: (name: string) => string | undefined;
}

function acmeShDomains(root: string): AcmeShDomain[] {
  return acmeShHomes.flatMap((home) =>
    namesIn(join(root, home)).flatMap((name): AcmeShDomain[] => {
      const where = join(root, home, name, `${name.replace(/_ecc$/, '')}.conf`);
      const text = textOfFile(where);
      if (text === undefined) return [];
      const setting = (wanted: string): string | undefined =>
        new RegExp(`^${wanted}='(.*)'$`, 'm').exec(text)?.[1] ?? undefined;
      return [{ where, tree: join('/', home, name), setting }];
    }),
  );
}

function reloadCommand({ where, tree, setting }: AcmeShDomain): RenewalHook[] {
  const value = setting('Le_ReloadCmd');
  if (value === undefined || value === '') return [];
  const coded = /^__ACME_BASE64__START_(.*)__ACME_BASE64__END_$/.exec(value)?.[1];
  const text = coded === undefined ? value : Buffer.from(coded, 'base64').toString('utf8');
  return [{ text, where, tree, certificates: [] }];
}

/** The staples of acme.sh's deploy hook for haproxy: of certificates that were ordered with --ocsp, beside their .issuer. */
export function deployedStaples(root: string): DeployedStaple[] {
  return acmeShDomains(root).flatMap(({ where, setting }): DeployedStaple[] => {
    const hooks = setting('Le_DeployHook')?.split(',') ?? [];
    if (!hooks.includes('haproxy') || setting('Le_OCSP_Staple') !== '1') return [];
    const name = setting('Le_Deploy_haproxy_pem_name') ?? `${setting('Le_Domain') ?? ''}.pem`.replace(/^\*/, '_');
    const isElliptic = setting('Le_Keylength')?.startsWith('ec-') === true;
    const kind = setting('Le_Deploy_haproxy_bundle') !== 'yes' ? '' : isElliptic ? '.ecdsa' : '.rsa';
    const folder = setting('Le_Deploy_haproxy_pem_path') ?? '/etc/haproxy';
    return [{ certificate: join(folder, name + kind), where }];
  });
}
