import { OcspError } from '../../core/index.js';
import { definedOnly } from '../../core/defined-only.js';
import { parseResponderHost, type ResponderOverride } from '../../pipeline/fetch/responder-override.js';
import { parseConfirmPlace } from '../../pipeline/reload/confirm-place.js';
import { parseReloadTarget } from '../../servers/reload-target.js';
import { readCertificateFile } from '../../source/certificate-file.js';
import type { NamedSource } from '../../source/named-source.js';
import { checkStapleTemplate } from '../../store/staple-location.js';
import { checkUrl } from '../flags/asking-flags.js';
import { confirmPlaceInFolder, inFolder, patternInFolder, requireFile, templateInFolder } from './file-folder.js';
import type { CertificateEntry, ConfigurationShape, ResponderEntry } from './schema.js';

/** Adds what is wrong with this entry of a section to the problems of the file. */
export type Complain = (path: readonly PropertyKey[], text: string) => void;

/** Whether the value at a place of the file must be ignored, since its mistake is already reported. */
export type IsBroken = (path: readonly PropertyKey[]) => boolean;

/** Places of the file that are not to be read. */
export interface Broken {
  /** The place itself, what it is in, or something in it. */
  readonly isBroken: IsBroken;
  /** The place itself, or what it is in: what is broken in it may be left out. */
  readonly isLost: IsBroken;
}

/** The certificates of a file, each with its place. */
export function configuredSources(
  { certificates = [] }: ConfigurationShape,
  folder: string,
  broken: Broken,
  complain: Complain,
): { readonly source: NamedSource; readonly path: readonly PropertyKey[] }[] {
  const isList = Array.isArray(certificates);
  return [certificates].flat<readonly (typeof certificates)[]>().flatMap((entry, index) => {
    const path = isList ? ['certificates', index] : ['certificates'];
    if (broken.isLost(path)) return [];
    const sound = typeof entry === 'string' ? { path: entry } : soundPart(entry, path, broken);
    const source = sourceOf(sound, folder, (inner, text) => complain([...path, ...inner], `certificates: ${text}`));
    // The schema was not asked for that where it found another mistake.
    return (sound.path === undefined) === (sound['crt-list'] === undefined) ? [] : [{ source, path }];
  });
}

/** A mapping without the keys in which a mistake was found, so that it hides no other. */
function soundPart<Entry extends object>(entry: Entry, path: readonly PropertyKey[], { isBroken }: Broken): Entry {
  return Object.fromEntries(Object.entries(entry).filter(([key]) => !isBroken([...path, key]))) as Entry;
}

function sourceOf(named: Exclude<CertificateEntry, string>, folder: string, complain: Complain): NamedSource {
  const { path, out, 'crt-list': crtList = '', 'crt-base': base } = named;
  const reload = listIn(named, 'reload', parseReloadTarget, complain);
  const confirm = listIn(named, 'confirm', parseConfirmPlace, complain)?.map((one) =>
    confirmPlaceInFolder(folder, one),
  );
  for (const [key, value] of Object.entries(named)) {
    if (value === '') complain([key], `${key} is empty, expected a path`);
  }
  if (out !== undefined && out !== '') {
    const check = (text: string): void => {
      requireFile(text);
      checkStapleTemplate(text);
    };
    attempt(check, out, (text) => complain(['out'], `out: ${text}`));
  }
  const place = (text: string | undefined, put = inFolder) => (text === undefined ? undefined : put(folder, text));
  const traits = { out: place(out, templateInFolder), reload, confirm };
  return path === undefined
    ? definedOnly({ crtList: inFolder(folder, crtList), base: place(base), ...traits })
    : definedOnly({ path: patternInFolder(folder, path), ...traits });
}

/** A list of a source's own, or its one entry; each is looked at as the flag of that name would. */
function listIn(
  entry: Exclude<CertificateEntry, string>,
  key: 'reload' | 'confirm',
  check: (text: string) => unknown,
  complain: Complain,
): string[] | undefined {
  const written = entry[key];
  if (written === undefined) return undefined;
  return [written]
    .flat()
    .filter((text, index) =>
      attempt(check, text, (problem) =>
        complain([key, ...(Array.isArray(written) ? [index] : [])], `${key}: ${problem}`),
      ),
    );
}

/** The responder overrides of a file, in its order. */
export async function configuredResponders(
  { responders }: ConfigurationShape,
  folder: string,
  broken: Broken,
  complain: Complain,
): Promise<ResponderOverride[]> {
  const overrides: ResponderOverride[] = [];
  // A mistake may have left something else there.
  const entries = Array.isArray(responders) ? (responders as readonly ResponderEntry[]) : [];
  for (const [index, entry] of entries.entries()) {
    if (broken.isLost(['responders', index])) continue;
    const sound: Partial<ResponderEntry> = soundPart(entry, ['responders', index], broken);
    const { url } = sound;
    if (url === undefined || (sound.host === undefined) === (sound.issuer === undefined)) continue;
    const override = await overrideOf({ ...sound, url }, folder, (path, text) =>
      complain(['responders', index, ...path], `responders: ${text}`),
    );
    if (override !== undefined) overrides.push(override);
  }
  return overrides;
}

/** The same as the file has them, for showing, with absolute paths. */
export function writtenResponders({ responders = [] }: ConfigurationShape, folder: string): ResponderEntry[] {
  return responders.map((entry) =>
    entry.issuer === undefined ? entry : { ...entry, issuer: inFolder(folder, entry.issuer) },
  );
}

async function overrideOf(
  entry: ResponderEntry,
  folder: string,
  complain: Complain,
): Promise<ResponderOverride | undefined> {
  const url = entry.url === 'none' ? undefined : entry.url;
  if (url !== undefined) attempt(checkUrl, url, (text) => complain(['url'], `${text}, expected a URL or none`));
  if (entry.host !== undefined) {
    const host = parseResponderHost(entry.host);
    if (host !== undefined) return { host, url };
    complain(['host'], `"${entry.host}" is not a host, expected NAME or NAME:PORT as in the certificate's URI`);
    return undefined;
  }
  try {
    const { certificate } = await readCertificateFile(inFolder(folder, entry.issuer ?? ''));
    return { issuer: certificate, url };
  } catch (error) {
    if (!(error instanceof OcspError)) throw error;
    complain(['issuer'], `${error.message}, expected the certificate of a CA`);
    return undefined;
  }
}

/** Whether the check has nothing against the value; what it has is told. */
function attempt(check: (value: string) => unknown, value: string, complain: (text: string) => void): boolean {
  try {
    check(value);
    return true;
  } catch (error) {
    if (!(error instanceof OcspError)) throw error;
    complain(error.message.replace(/^--\w+: /, ''));
    return false;
  }
}
