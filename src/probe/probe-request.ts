import type { HostAndPort } from '../system/network/host-and-port.js';

/** What is asked of a server; the operator named it, so no address is off limits. */
export interface ProbeRequest extends HostAndPort {
  /** Sent as SNI (RFC 6066 §3). Default: the host, unless that is an IP literal; an IP literal is never sent. */
  readonly serverName?: string;
  /** The type of the server's key, forced by the signature algorithms that are offered; default: the server's choice. */
  readonly keyType?: 'rsa' | 'ecdsa';
  /** Default: the newer that both know, 1.2 at least. */
  readonly tlsVersion?: 'TLSv1.2' | 'TLSv1.3';
  /** Speak this protocol first and ask it for TLS (RFC 3207, RFC 9051 §6.2.1). */
  readonly starttls?: 'smtp' | 'imap';
  /** For everything: the name, the connection, STARTTLS and the handshake. */
  readonly timeoutMilliseconds: number;
  readonly signal: AbortSignal;
}

/** What a server sent in one handshake. Nothing of it is verified. */
export interface ProbeResult {
  /** DER, in the order in which the server sent them: its own first. */
  readonly certificates: readonly Uint8Array[];
  /** The stapled OCSPResponse, the exact bytes; undefined where the server stapled nothing. */
  readonly staple: Uint8Array | undefined;
  /** `TLSv1.2` or `TLSv1.3`. */
  readonly protocol: string;
  /** The name of the cipher suite by IANA; undefined where the handshake ended before that could be read. */
  readonly cipher: string | undefined;
  /** Whether the server asked for a client certificate, which there is none of, and ended the handshake without one. */
  readonly clientCertificate: 'asked' | 'required' | undefined;
  /** What was sent as SNI. */
  readonly serverName: string | undefined;
  /** From the start to the end of the handshake, whoever ended it. */
  readonly milliseconds: number;
}
