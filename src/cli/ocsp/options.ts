import { isHashName, type HashAlgorithm } from '../../core/hash.js';
import { parseListenAddress } from '../../system/network/host-and-port.js';
import { optionNamed, type NumberName, type SwitchName, type TextName, type ValueKind } from './option-table.js';

/** The files and numbers of the request, in their order: an issuer and a hash count for what follows. */
export type RequestStep =
  | { readonly kind: 'issuer'; readonly file: string }
  | { readonly kind: 'cert'; readonly file: string; readonly hash: HashAlgorithm }
  | { readonly kind: 'serial'; readonly number: string; readonly hash: HashAlgorithm };

/** Where the responder is, put together from -url, -host, -port and -path: each replaces what stands before it. */
export interface Endpoint {
  readonly isTls: boolean;
  readonly host: string | undefined;
  readonly port: string | undefined;
  readonly path: string | undefined;
}

/** An argument list of `openssl ocsp`, read. Of an option that is given twice the last one counts. */
export interface OcspOptions {
  readonly switches: ReadonlySet<SwitchName>;
  readonly texts: Readonly<Partial<Record<TextName, string>>>;
  readonly numbers: Readonly<Partial<Record<NumberName, number>>>;
  readonly steps: readonly RequestStep[];
  readonly endpoint: Endpoint;
  /** Name and value of each. */
  readonly headers: readonly (readonly [string, string])[];
  /** -nonce and -no_nonce, whichever stands last; undefined where neither does. */
  readonly nonce: boolean | undefined;
  /** -rsigopt, which may be repeated. */
  readonly signatureOptions: readonly string[];
  /** Options that were given and are passed over, as given. */
  readonly ignored: readonly string[];
}

/** What was read, up to where reading ended: files that are named before a wrong word are read before it is told of. */
export interface ParsedArguments {
  readonly options: OcspOptions;
  /** Why nothing is to be done: lines for stderr. */
  readonly refusal?: readonly string[];
}

type Draft = { -readonly [Field in keyof OcspOptions]: Mutable<OcspOptions[Field]> };
type Mutable<Value> =
  Value extends ReadonlySet<infer Item>
    ? Set<Item>
    : Value extends readonly (infer Item)[]
      ? Item[]
      : Value extends object
        ? { -readonly [Key in keyof Value]: Value[Key] }
        : Value;

/** A refusal on the way; the lines for stderr. */
class Refusal extends Error {
  readonly lines: readonly string[];

  constructor(lines: readonly string[]) {
    super(lines.join('\n'));
    this.lines = lines;
  }
}

const seeHelp = 'ocsp: Use -help for summary.';

/** Reads an argument list by the syntax of openssl 3: one or two dashes, values as the next word or behind `=`. */
export function parseOcspArguments(words: readonly string[]): ParsedArguments {
  const draft: Draft = {
    switches: new Set(),
    texts: {},
    numbers: {},
    steps: [],
    endpoint: { isTls: false, host: undefined, port: undefined, path: undefined },
    headers: [],
    nonce: undefined,
    signatureOptions: [],
    ignored: [],
  };
  try {
    readWords([...words], draft);
    return { options: draft };
  } catch (error) {
    if (error instanceof Refusal) return { options: draft, refusal: error.lines };
    throw error;
  }
}

function readWords(rest: string[], draft: Draft): void {
  const hash: PendingHash = { name: 'sha1', isUsed: true };
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    if (!word.startsWith('-') || word === '--') {
      if (word === '--' && rest.length === 0) break;
      throw new Refusal([seeHelp]);
    }
    const [, name = '', value] = /^--?([^=]*)(?:=([^]*))?$/.exec(word) ?? [];
    const row = optionNamed(name);
    if (row === undefined) readUnknown(name, value, rest, hash, draft);
    else if (row.kind === 'none') readSwitch(row.name as SwitchName, name, value, row.refused, draft);
    else {
      const given = value ?? rest.shift();
      if (given === undefined) throw new Refusal([`ocsp: Option -${name} needs a value`, seeHelp]);
      if (row.kind !== 'text' && !isListenAddress(row.name, given))
        draft.numbers[row.name as NumberName] = readNumber(given, row.kind, name);
      if (row.refused !== undefined) throw notAvailable(name, row.refused);
      if (row.name === 'port') draft.endpoint.port = given;
      else if (row.kind === 'text') readValue(row.name as TextName, given, rest, hash, draft);
    }
  }
  if (!hash.isUsed) throw hashWithoutCertificate();
  if (draft.switches.has('help')) return;
  if (draft.texts.index === undefined && draft.endpoint.port?.includes(':') === true)
    readNumber(draft.endpoint.port, 'nonNegative', 'port');
  const hasTask = draft.steps.some(({ kind }) => kind !== 'issuer') || draft.texts.reqin !== undefined;
  const isResponder = draft.endpoint.port !== undefined && draft.texts.index !== undefined;
  if (!hasTask && draft.texts.respin === undefined && !isResponder) throw new Refusal([seeHelp]);
}

/** A responder may listen on one address alone, which openssl 3 does not know. */
function isListenAddress(name: string, given: string): boolean {
  return name === 'port' && parseListenAddress(given) !== undefined;
}

/** A hash stands for the certificates that follow; one that none follows is a mistake. */
interface PendingHash {
  name: HashAlgorithm;
  isUsed: boolean;
}

function readSwitch(
  name: SwitchName,
  written: string,
  value: string | undefined,
  refused: string | undefined,
  draft: Draft,
): void {
  if (value !== undefined) throw new Refusal([`ocsp: Option -${written} does not take a value`, seeHelp]);
  if (refused !== undefined) throw notAvailable(written, refused);
  draft.switches.add(name);
  if (name === 'nonce' || name === 'no_nonce') draft.nonce = name === 'nonce';
}

function readValue(name: TextName, given: string, rest: string[], hash: PendingHash, draft: Draft): void {
  switch (name) {
    case 'url':
      draft.endpoint = endpointOf(given);
      return;
    case 'host':
    case 'path':
      draft.endpoint[name] = given;
      return;
    case 'header':
      draft.headers.push(readHeader(given, rest));
      return;
    case 'issuer':
      draft.steps.push({ kind: 'issuer', file: given });
      return;
    case 'cert':
      draft.steps.push({ kind: 'cert', file: given, hash: hash.name });
      hash.isUsed = true;
      return;
    case 'serial':
      draft.steps.push({ kind: 'serial', number: given, hash: hash.name });
      hash.isUsed = true;
      return;
    case 'VAfile':
      draft.texts.verify_other = given;
      draft.switches.add('trust_other');
      return;
    case 'rsigopt':
      draft.signatureOptions.push(given);
      return;
    default:
      draft.texts[name] = given;
  }
}

/** No option of this name: a hash, an option about TLS that openssl once had, or a mistake. */
function readUnknown(name: string, value: string | undefined, rest: string[], hash: PendingHash, draft: Draft): void {
  if (name.startsWith('tls')) {
    const next = rest[0];
    if (value === undefined && next !== undefined && !next.startsWith('-')) rest.shift();
    draft.ignored.push(`-${name}`);
    return;
  }
  if (!hash.isUsed) throw hashWithoutCertificate();
  const lower = name.toLowerCase();
  if (isHashName(lower)) {
    hash.name = lower;
    hash.isUsed = false;
    return;
  }
  if (knownElsewhere.test(lower)) {
    throw new Refusal([`ocsp: the hash ${name} is not supported; use -sha1, -sha256, -sha384 or -sha512`, seeHelp]);
  }
  throw new Refusal([`ocsp: Unknown option or message digest: ${name === '' ? '""' : name}`, seeHelp]);
}

/** Hashes of openssl in which no CertID is made here. */
const knownElsewhere =
  /^(?:md[45]|md5-sha1|sha224|sha512-(?:224|256)|sha3-\d+|shake(?:128|256)|blake2[bs]\d+|ripemd(?:160)?|rmd160|sm3|whirlpool)$/;

function hashWithoutCertificate(): Refusal {
  return new Refusal(['ocsp: Digest must be before -cert or -serial', seeHelp]);
}

function notAvailable(name: string, why: string): Refusal {
  return new Refusal([`ocsp: -${name} is not available: ${why}`, seeHelp]);
}

/** openssl 3 takes `K=V` alone; older ones took two words, and people write headers with a colon. */
function readHeader(given: string, rest: string[]): readonly [string, string] {
  const [, name, value] = /^([^=:]*)[=:]([^]*)$/.exec(given) ?? [];
  if (name !== undefined && value !== undefined) return [name.trim(), value.trim()];
  const next = rest[0];
  if (given === '' || next === undefined || next.startsWith('-')) {
    throw new Refusal(['Missing = in header key=value', seeHelp]);
  }
  rest.shift();
  return [given, next];
}

/** The parts of a URL, as loosely as openssl reads it: without a scheme it is http. */
function endpointOf(url: string): Endpoint {
  const [, scheme = 'http', rest = ''] = /^(?:([^/?#]*?):\/\/)?([^]*)$/.exec(url) ?? [];
  if (scheme !== 'http' && scheme !== 'https') throw badUrl('invalid url scheme');
  const [, host = '', port, path = ''] =
    /^(?:[^/?#@]*@)?(\[[^\]]*\]|[^:/?#]*)(?::([^/?#]*))?([^#]*)(?:#[^]*)?$/.exec(rest) ?? [];
  if (port !== undefined && !(/^\d+$/.test(port) && Number(port) <= 65_535)) throw badUrl('invalid port number');
  const isTls = scheme === 'https';
  return {
    isTls,
    host: host.replace(/^\[|\]$/g, ''),
    port: port ?? (isTls ? '443' : '80'),
    path: path.startsWith('/') ? path : `/${path}`,
  };
}

function badUrl(why: string): Refusal {
  return new Refusal(['ocsp Error parsing -url argument', `ocsp: ${why}`]);
}

const largestInteger = 2 ** 31 - 1;

/** A number as C's `strtol` with base 0 takes it: 0x16, 016 or 16, with blanks before it. */
function readNumber(text: string, kind: ValueKind, option: string): number {
  const match = /^[ \t\n\v\f\r]*([+-]?)(?:0x([0-9a-f]+)|(0[0-7]*)|([1-9]\d*))$/i.exec(text);
  if (match === null) {
    const form = /^0\d/.test(text) ? 'an octal' : /^0x/i.test(text) ? 'a hexadecimal' : 'a';
    throw new Refusal([`ocsp: Can't parse "${text}" as ${form} number`, seeHelp]);
  }
  const [, sign, hexadecimal, octal, decimal] = match;
  const size =
    hexadecimal === undefined
      ? Number.parseInt(octal ?? decimal ?? '0', octal === undefined ? 10 : 8)
      : Number.parseInt(hexadecimal, 16);
  const number = sign === '-' && size !== 0 ? -size : size;
  if (size >= 2 ** 63) throw new Refusal([`ocsp: Can't parse "${text}" as a number`, seeHelp]);
  const isSmall = kind === 'positive' || kind === 'nonNegative' || kind === 'integer';
  if (isSmall && size > largestInteger) throw new Refusal([`ocsp: Value "${text}" outside integer range`, seeHelp]);
  if (kind === 'positive' && number <= 0) {
    throw new Refusal([`ocsp: Non-positive number "${text}" for option -${option}`, seeHelp]);
  }
  if (kind === 'nonNegative' && number < 0) {
    throw new Refusal([`ocsp: Negative number "${text}" for option -${option}`, seeHelp]);
  }
  if (option === 'port' && number > 65_535) throw new Refusal([`ocsp: "${text}" is not a port number`, seeHelp]);
  return number;
}
