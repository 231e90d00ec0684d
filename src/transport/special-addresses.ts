/**
 * Who opens a special block: `private` (loopback, RFC 1918, shared, unique-local: places where an own responder may well live)
 * by --allow-private, `special` (everything else) only by --allow-address.
 */
export type SpecialKind = 'private' | 'special';

/** One row of the table of addresses that are not global unicast. */
export interface SpecialBlock {
  readonly block: string;
  readonly name: string;
  /** Where the block is set aside: the RFC, or the cloud whose metadata service answers there. */
  readonly source: string;
  readonly kind: SpecialKind;
}

function special(block: string, name: string, source: string): SpecialBlock {
  return { block, name, source, kind: 'special' };
}

function ours(block: string, name: string, source: string): SpecialBlock {
  return { block, name, source, kind: 'private' };
}

/**
 * Cloud metadata services at addresses that lie in global, shared or unique-local space. They hand out credentials to whoever asks,
 * so they come first and --allow-private does not open them. (169.254.169.254 and 192.0.0.192 lie in special blocks anyway.)
 */
const metadataServices: readonly SpecialBlock[] = [
  special('100.100.100.200/32', 'metadata service', 'Alibaba Cloud'),
  special('168.63.129.16/32', 'platform service', 'Azure'),
  special('fd00:ec2::/32', 'metadata service', 'AWS'),
  special('fd20:ce::254/128', 'metadata service', 'Google Cloud'),
  special('fd00:42::42/128', 'metadata service', 'Scaleway'),
];

/**
 * IANA IPv4 Special-Purpose Address Registry (RFC 6890, RFC 8190), with multicast and the reserved class E. The rows that the registry
 * calls globally reachable (192.0.0.9, 192.0.0.10, AS112, AMT) are anycast services of the network, never a responder: denied too.
 */
const ipv4Registry: readonly SpecialBlock[] = [
  special('0.0.0.0/8', 'this network', 'RFC 791'),
  ours('10.0.0.0/8', 'private-use', 'RFC 1918'),
  ours('100.64.0.0/10', 'shared address space', 'RFC 6598'),
  ours('127.0.0.0/8', 'loopback', 'RFC 1122'),
  special('169.254.0.0/16', 'link-local', 'RFC 3927'),
  ours('172.16.0.0/12', 'private-use', 'RFC 1918'),
  special('192.0.0.0/24', 'IETF protocol assignments', 'RFC 6890'),
  special('192.0.2.0/24', 'documentation (TEST-NET-1)', 'RFC 5737'),
  special('192.31.196.0/24', 'AS112-v4', 'RFC 7535'),
  special('192.52.193.0/24', 'AMT', 'RFC 7450'),
  special('192.88.99.0/24', 'deprecated 6to4 relay anycast', 'RFC 7526'),
  ours('192.168.0.0/16', 'private-use', 'RFC 1918'),
  special('192.175.48.0/24', 'direct delegation AS112 service', 'RFC 7534'),
  special('198.18.0.0/15', 'benchmarking', 'RFC 2544'),
  special('198.51.100.0/24', 'documentation (TEST-NET-2)', 'RFC 5737'),
  special('203.0.113.0/24', 'documentation (TEST-NET-3)', 'RFC 5737'),
  special('224.0.0.0/4', 'multicast', 'RFC 5771'),
  special('255.255.255.255/32', 'limited broadcast', 'RFC 919'),
  special('240.0.0.0/4', 'reserved', 'RFC 1112'),
];

/**
 * IANA IPv6 Special-Purpose Address Registry. Only 2000::/3 is global unicast (RFC 4291 §2.4); rows outside it are here for their names.
 * Forms that carry an IPv4 address are not rows: see `carriedAddresses` in address-guard.ts.
 */
const ipv6Registry: readonly SpecialBlock[] = [
  special('::/128', 'unspecified', 'RFC 4291'),
  ours('::1/128', 'loopback', 'RFC 4291'),
  special('64:ff9b:1::/48', 'local-use IPv4/IPv6 translation', 'RFC 8215'),
  special('100::/64', 'discard-only', 'RFC 6666'),
  special('100:0:0:1::/64', 'dummy prefix', 'RFC 9780'),
  special('2001:2::/48', 'benchmarking', 'RFC 5180'),
  special('2001:10::/28', 'deprecated ORCHID', 'RFC 4843'),
  special('2001:20::/28', 'ORCHIDv2', 'RFC 7343'),
  special('2001::/23', 'IETF protocol assignments', 'RFC 2928'),
  special('2001:db8::/32', 'documentation', 'RFC 3849'),
  special('2620:4f:8000::/48', 'direct delegation AS112 service', 'RFC 7534'),
  special('3fff::/20', 'documentation', 'RFC 9637'),
  special('5f00::/16', 'segment routing SIDs', 'RFC 9602'),
  ours('fc00::/7', 'unique-local', 'RFC 4193'),
  special('fe80::/10', 'link-local', 'RFC 4291'),
  special('fec0::/10', 'deprecated site-local', 'RFC 3879'),
  special('ff00::/8', 'multicast', 'RFC 4291'),
];

/** Every block that is not global unicast, the more specific before the wider one. */
export const specialBlocks: readonly SpecialBlock[] = [...metadataServices, ...ipv4Registry, ...ipv6Registry];

/** What an IPv6 address outside 2000::/3 and outside every row of the table is. */
export const outsideGlobalUnicast: SpecialBlock = special('::/0', 'not in global unicast space 2000::/3', 'RFC 4291');
