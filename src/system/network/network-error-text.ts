const texts: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNABORTED: 'the connection was aborted',
  EHOSTUNREACH: 'no route to the host',
  ENETUNREACH: 'network unreachable',
  ENETDOWN: 'the network is down',
  EADDRNOTAVAIL: 'no local address for this connection',
  EACCES: 'forbidden by this host (firewall)',
  EPERM: 'forbidden by this host (firewall)',
  EMFILE: 'too many open files',
  ETIMEDOUT: 'no answer',
  ENOTFOUND: 'the name does not exist',
  EAI_NONAME: 'the name does not exist',
  ENODATA: 'the name has no address',
  EAI_NODATA: 'the name has no address',
  EAI_ADDRFAMILY: 'the name has no address of this family',
  EAI_AGAIN: 'the name server gave no answer',
  EAI_FAIL: 'the name server failed',
  HPE_HEADER_OVERFLOW: 'its headers are too large',
};

/** The code of a failed lookup, connection or handshake, of several attempts the last one's; empty where there is none. */
export function networkErrorCode(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return networkErrorCode(error.errors.at(-1));
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}

/** Whether a lookup failed, by its code. */
export function isNameError(code: string): boolean {
  return code.startsWith('EAI_') || code === 'ENOTFOUND' || code === 'ENODATA';
}

/**
 * What a failed lookup, connection or handshake means, in words.
 *
 * @param peer who may have closed the connection: `the server`
 * @param otherwise the text where there are no words for its code; one line of its own message when absent
 */
export function networkErrorText(error: unknown, peer: string, otherwise?: string): string {
  const code = networkErrorCode(error);
  if (code === 'ECONNRESET' || code === 'EPIPE') return `${peer} closed the connection`;
  const text = texts[code] ?? otherwise;
  if (text !== undefined) return text;
  return error instanceof Error ? error.message.replace(/\s+/g, ' ').trim().slice(0, 300) : 'unknown reason';
}
