import { isIPv4, isIPv6 } from 'node:net';

/** An IP address as its 4 or 16 bytes, without zone. */
export interface InternetAddress {
  readonly family: 4 | 6;
  readonly bytes: readonly number[];
}

/** A block of addresses: those whose first `bits` bits are those of `base`. */
export interface AddressBlock {
  readonly base: InternetAddress;
  readonly bits: number;
}

/** The address that `text` spells in the strict forms of RFC 4291 §2.2 or dotted decimal; a zone id (`%eth0`) is dropped. */
export function parseAddress(text: string): InternetAddress | undefined {
  const bare = text.replace(/%.*$/s, '');
  if (isIPv4(bare)) return { family: 4, bytes: bare.split('.').map(Number) };
  // Node compiles the pattern of IPv6 with its first use, which takes 8 ms of a start.
  if (bare.includes(':') && isIPv6(bare)) return { family: 6, bytes: ipv6Bytes(bare) };
  return undefined;
}

/** The block that `text` names: `10.0.0.0/8`, `fd00::/8`, or one address; undefined if it is none. Bits beyond the prefix are ignored. */
export function parseBlock(text: string): AddressBlock | undefined {
  const [address = '', prefix, ...rest] = text.split('/');
  const base = address.includes('%') ? undefined : parseAddress(address);
  if (base === undefined || rest.length > 0) return undefined;
  const width = base.bytes.length * 8;
  if (prefix === undefined) return { base, bits: width };
  if (!/^(?:0|[1-9]\d{0,2})$/.test(prefix) || Number(prefix) > width) return undefined;
  return { base, bits: Number(prefix) };
}

/** A block that this program itself spells, so that it needs no check: many at every start. */
export function ownBlock(text: string): AddressBlock {
  const [address = '', bits] = text.split('/');
  const base: InternetAddress = address.includes(':')
    ? { family: 6, bytes: ipv6Bytes(address) }
    : { family: 4, bytes: address.split('.').map(Number) };
  return { base, bits: Number(bits) };
}

/** Whether `address` lies in `block`; the families must agree. */
export function blockContains(block: AddressBlock, address: InternetAddress): boolean {
  if (block.base.family !== address.family) return false;
  return address.bytes.every((byte, index) => {
    const bits = Math.min(8, Math.max(0, block.bits - index * 8));
    const mask = (0xff << (8 - bits)) & 0xff;
    return (byte & mask) === ((block.base.bytes[index] ?? 0) & mask);
  });
}

/** The IPv4 address at `offset` of an IPv6 address. */
export function embeddedIpv4(address: InternetAddress, offset: number): InternetAddress {
  return { family: 4, bytes: address.bytes.slice(offset, offset + 4) };
}

/**
 * The address that a URL's host spells, in whatever notation the URL parser took: it has already turned `0x7f.1`, `2130706433`
 * and full-width digits into dotted decimal; brackets and trailing dots are dropped here. Undefined for a name.
 */
export function literalAddress(hostname: string): string | undefined {
  const bare = hostname.replace(/\.+$/, '').replace(/^\[|\]$/g, '');
  return parseAddress(bare) === undefined ? undefined : bare;
}

function ipv6Bytes(text: string): number[] {
  const [head = '', tail] = text.split('::');
  const front = groupBytes(head);
  if (tail === undefined) return front;
  const back = groupBytes(tail);
  return [...front, ...new Array<number>(16 - front.length - back.length).fill(0), ...back];
}

function groupBytes(text: string): number[] {
  if (text === '') return [];
  return text.split(':').flatMap((group) => {
    if (group.includes('.')) return group.split('.').map(Number);
    const value = parseInt(group, 16);
    return [value >> 8, value & 0xff];
  });
}
