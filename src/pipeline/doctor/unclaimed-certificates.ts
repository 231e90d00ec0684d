import { lstatSync, readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { shownPath } from '../../core/file-path.js';
import { certificatesOf } from '../../source/certificate-paths.js';
import { shellWord } from '../../system/shell-words.js';
import { systemErrorText, unlessRefused } from '../../system/system-error.js';
import { reportCertificateFile, type CertificateReport } from '../verify/certificate-report.js';
import type { DoctorRecord, DoctorRemark } from './doctor-report.js';

/** Where ACME clients keep their certificates, by their own defaults and those of Debian. */
const trees: readonly { readonly client: string; readonly folder: string }[] = [
  { client: 'certbot', folder: 'etc/letsencrypt/live' },
  { client: 'acme.sh', folder: 'root/.acme.sh' },
  { client: 'acme.sh', folder: 'etc/acme.sh' },
  { client: 'lego', folder: 'root/.lego/certificates' },
  { client: 'lego', folder: 'etc/lego/certificates' },
  { client: 'lego', folder: 'var/lib/lego/certificates' },
  { client: 'dehydrated', folder: 'etc/dehydrated/certs' },
  { client: 'dehydrated', folder: 'var/lib/dehydrated/certs' },
];

/** More of one tree are not read. */
const maximumCertificates = 10_000;
const namedCertificates = 3;

/** One line for each tree that has certificates with a responder which none of these records is about. */
export async function unclaimedCertificates(
  records: readonly DoctorRecord[],
  { now, root }: { readonly now: Date; readonly root: string },
): Promise<DoctorRemark[]> {
  const claimed = new Set(records.flatMap(({ facts }) => (facts === undefined ? [] : [identity(facts)])));
  const remarks: DoctorRemark[] = [];
  for (const { client, folder } of trees) {
    const tree = join(root, folder);
    if (!isThere(tree)) continue;
    const why = obstacle(tree);
    if (why !== undefined) {
      remarks.push({
        code: 'not-understood',
        message: `${tree}, where ${client} has certificates, was not read: ${why}`,
      });
      continue;
    }
    const paths = await certificatesOf([{ path: tree }]);
    const names: string[] = [];
    for (const path of paths.slice(0, maximumCertificates)) {
      const found = await reportCertificateFile(path);
      if ('report' in found && isOfInterest(found.report, now) && !claimed.has(identity(found.report))) {
        names.push(relative(tree, shownPath(path.path)).split('/')[0] ?? '');
      }
    }
    if (names.length > 0) remarks.push(remarkOn(client, tree, names));
  }
  return remarks;
}

function remarkOn(client: string, tree: string, names: readonly string[]): DoctorRemark {
  const more = names.length - namedCertificates;
  const list = names.slice(0, namedCertificates).join(', ') + (more > 0 ? ` and ${more} more` : '');
  return {
    code: 'unclaimed',
    message: `no server that doctor could read uses these certificates of ${client} in ${tree}: ${list}`,
    hint: `where something else serves them: restaple fetch ${shellWord(tree)}`,
  };
}

/** The same certificate may lie in the tree and, with its key, where its server reads it. */
function identity({ issuer, serialNumber }: Pick<CertificateReport, 'issuer' | 'serialNumber'>): string {
  return `${serialNumber} ${issuer}`;
}

/** One that has expired, or has nothing to staple, is nobody's concern. */
function isOfInterest({ missingResponder, mustStaple, notAfter }: CertificateReport, now: Date): boolean {
  return notAfter > now && (missingResponder === undefined || mustStaple);
}

function isThere(path: string): boolean {
  // What may not be looked at, in a home that is closed, is not known to be there.
  return unlessRefused(() => lstatSync(path, { throwIfNoEntry: false }) !== undefined, false);
}

function obstacle(folder: string): string | undefined {
  try {
    readdirSync(folder);
    return undefined;
  } catch (error) {
    return systemErrorText(error);
  }
}
