import { OcspError } from '../core/ocsp-error.js';
import {
  type AddressBlock,
  type InternetAddress,
  blockContains,
  embeddedIpv4,
  literalAddress,
  parseAddress,
  ownBlock,
  parseBlock,
} from './internet-address.js';
import { type SpecialBlock, outsideGlobalUnicast, specialBlocks } from './special-addresses.js';

/** What an address is: global unicast, or which special block it lies in. */
export type AddressVerdict = { readonly verdict: 'global' } | ({ readonly verdict: 'blocked' } & SpecialBlock);

/** What the operator opened beyond global unicast addresses; made by {@link addressPolicy}. */
export interface AddressPolicy {
  readonly allowPrivate: boolean;
  readonly allowed: readonly AddressBlock[];
}

const mapped = ownBlock('::ffff:0:0/96');
const compatible = ownBlock('::/96');
const nat64 = ownBlock('64:ff9b::/96');
const sixToFour = ownBlock('2002::/16');
const teredo = ownBlock('2001::/32');
const globalUnicast = ownBlock('2000::/3');
const loopbackOrUnspecified = ownBlock('::/127');
const table = specialBlocks.map((row) => ({ row, block: ownBlock(row.block) }));

/**
 * The policy of `--allow-private` and `--allow-address`, each entry a CIDR block or one address.
 * Throws OcspError `usage` for an entry that is neither.
 */
export function addressPolicy(options: {
  readonly allowPrivate: boolean;
  readonly allowAddresses: readonly string[];
}): AddressPolicy {
  const allowed = options.allowAddresses.map((text) => {
    const parsed = parseBlock(text.trim());
    if (parsed !== undefined) return asCarried(parsed);
    throw new OcspError(
      'usage',
      `"${text}" is neither an IP address nor a CIDR block`,
      'write --allow-address like 10.1.2.3, 10.0.0.0/8 or fd00::/8',
    );
  });
  return { allowPrivate: options.allowPrivate, allowed };
}

/**
 * Whether `address` (text, a zone id is ignored) is global unicast, by the IANA special-purpose registries. A form that carries an IPv4
 * address (mapped, compatible, NAT64, 6to4, Teredo) is judged by what it carries. Text that is not an address is blocked.
 */
export function judgeAddress(address: string): AddressVerdict {
  const parsed = parseAddress(address);
  if (parsed !== undefined) return judge(parsed);
  return { verdict: 'blocked', block: 'none', name: 'not an IP address', source: 'RFC 4291', kind: 'special' };
}

/** Whether the policy lets a connection go to `address`: it is global, or the operator opened its block. */
export function isAllowed(address: string, policy: AddressPolicy): boolean {
  const parsed = parseAddress(address);
  return parsed !== undefined && isOpen(parsed, policy);
}

/**
 * Throws OcspError `address-blocked` if `hostname` (as the URL parser gives it) is an address in any notation that the policy denies.
 * `localhost` and `*.localhost` are judged as loopback, whatever a lookup would say (RFC 6761 §6.3).
 */
export function assertLiteralAllowed(hostname: string, policy: AddressPolicy): void {
  const literal = literalAddress(hostname);
  const meant = literal !== undefined ? [literal] : isLocalhost(hostname) ? ['127.0.0.1', '::1'] : [];
  if (meant.length > 0 && !meant.some((address) => isAllowed(address, policy))) throw addressBlocked(hostname, meant);
}

/** What the proxy's network may have by these names: RFC 6761, 6762, 8375, 9476, and the names of Kubernetes' services. */
const localDomains = /(?:^|\.)(?:local|internal|home\.arpa|svc)$/;

/**
 * Judges a host that a proxy will look up, so only what is written can be judged: address literals by the policy; names that
 * mean something else in each network (`localhost`, a single label, those under the local domains) refused unless
 * --allow-private, those of metadata services always. Throws OcspError `address-blocked`.
 */
export function assertWrittenHostAllowed(hostname: string, policy: AddressPolicy): void {
  assertLiteralAllowed(hostname, policy);
  if (literalAddress(hostname) !== undefined) return;
  const name = bareName(hostname);
  const isMetadata = /^(?:metadata|instance-data)(?:\.|$)/.test(name);
  const isLocal = !name.includes('.') || isLocalhost(name) || localDomains.test(name);
  if (!isMetadata && (!isLocal || policy.allowPrivate)) return;
  throw new OcspError(
    'address-blocked',
    `${hostname} is a local name, and the proxy would look it up in its own network`,
    isMetadata
      ? 'no flag opens a metadata service by name; if it is meant, name it with --url'
      : 'if this host is your own, allow it with --allow-private, or reach it without the proxy through NO_PROXY',
  );
}

/** The error for a host whose addresses are all denied; `addresses` are those it has, at least one. */
export function addressBlocked(hostname: string, addresses: readonly string[]): OcspError {
  const judged = addresses.map((address) => ({ address, verdict: judgeAddress(address) }));
  const blocked = judged.flatMap(({ address, verdict }) =>
    verdict.verdict === 'blocked' ? [{ address, ...verdict }] : [],
  );
  const first = blocked.find(({ kind }) => kind === 'private') ?? blocked[0];
  if (first === undefined) return new OcspError('address-blocked', `${hostname} leads to no address that is allowed`);
  const subject =
    literalAddress(hostname) === first.address ? hostname : `${hostname} leads to ${first.address}, which`;
  return new OcspError(
    'address-blocked',
    `${subject} is not a public address: ${first.name}, ${first.block}, ${first.source}`,
    first.kind === 'private'
      ? `if this host is your own, allow it with --allow-private, or only this address with --allow-address ${first.address}`
      : `if this address is really meant, allow it with --allow-address ${first.address}`,
  );
}

function isLocalhost(hostname: string): boolean {
  return /(?:^|\.)localhost$/.test(bareName(hostname));
}

function bareName(hostname: string): string {
  return hostname.toLowerCase().replace(/\.+$/, '');
}

function judge(address: InternetAddress): AddressVerdict {
  const carried = carriedAddresses(address);
  if (carried.length > 0) {
    const verdicts = carried.map(judge);
    return (
      verdicts.find((found) => found.verdict === 'blocked' && found.kind === 'special') ??
      verdicts.find((found) => found.verdict === 'blocked') ?? { verdict: 'global' }
    );
  }
  const hit = table.find((entry) => blockContains(entry.block, address));
  if (hit !== undefined) return { verdict: 'blocked', ...hit.row };
  if (address.family === 4 || blockContains(globalUnicast, address)) return { verdict: 'global' };
  return { verdict: 'blocked', ...outsideGlobalUnicast };
}

function isOpen(address: InternetAddress, policy: AddressPolicy): boolean {
  if (policy.allowed.some((entry) => blockContains(entry, address))) return true;
  const carried = carriedAddresses(address);
  if (carried.length > 0) return carried.every((inner) => isOpen(inner, policy));
  const verdict = judge(address);
  return verdict.verdict === 'global' || (verdict.kind === 'private' && policy.allowPrivate);
}

/** The IPv4 addresses that an IPv6 address carries: one of RFC 4291 §2.5.5, RFC 6052, RFC 3056; server and client of RFC 4380. */
function carriedAddresses(address: InternetAddress): readonly InternetAddress[] {
  if (address.family === 4) return [];
  if (blockContains(mapped, address) || blockContains(nat64, address)) return [embeddedIpv4(address, 12)];
  if (blockContains(compatible, address))
    return blockContains(loopbackOrUnspecified, address) ? [] : [embeddedIpv4(address, 12)];
  if (blockContains(sixToFour, address)) return [embeddedIpv4(address, 2)];
  if (!blockContains(teredo, address)) return [];
  const obscuredClient = embeddedIpv4(address, 12);
  return [embeddedIpv4(address, 4), { family: 4, bytes: obscuredClient.bytes.map((byte) => byte ^ 0xff) }];
}

/** A block written in mapped form (::ffff:10.0.0.0/104) as the IPv4 block it means. */
function asCarried(entry: AddressBlock): AddressBlock {
  if (entry.bits < 96 || !blockContains(mapped, entry.base)) return entry;
  return { base: embeddedIpv4(entry.base, 12), bits: entry.bits - 96 };
}
