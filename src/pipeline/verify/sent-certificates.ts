import { OcspError, type Certificate, type Finding } from '../../core/index.js';
import { bytesEqual } from '../../core/bytes.js';
import { dnsNames, namesServer, serverNameFor } from '../../core/certificate/subject-alternative-names.js';
import { definedOnly } from '../../core/defined-only.js';
import { unlessOcspError } from '../../core/ocsp-error.js';
import type { ProbeResult } from '../../probe/probe-request.js';
import { clientCertificateSentence, probeServer } from '../../probe/tls-probe.js';
import { parseAddress } from '../../transport/internet-address.js';
import type { ConnectionPlace, VerifyReport } from './verify-report.js';

/** How a server is asked for its certificates. */
export interface ConnectionOptions {
  readonly place: ConnectionPlace;
  readonly timeoutMilliseconds: number;
  readonly signal: AbortSignal;
}

/**
 * The server's certificate of each key type; of a type that is neither, the one that it sends unasked.
 *
 * @throws OcspError as `probeServer` does
 */
export async function probeKeyTypes(options: ConnectionOptions): Promise<ProbeResult[]> {
  const found: ProbeResult[] = [];
  for (const keyType of ['ecdsa', 'rsa'] as const) {
    try {
      const sent = await probePlace(options, keyType);
      // TLS 1.2 without a signature of the server's heeds no key type.
      if (!found.some((known) => isSameCertificate(known, sent))) found.push(sent);
    } catch (error) {
      // A server without a certificate of this key type refuses the handshake; any other trouble is trouble.
      if (!(error instanceof OcspError) || error.code !== 'tls-failed') throw error;
    }
  }
  return found.length > 0 ? found : [await probePlace(options)];
}

function isSameCertificate({ certificates: [a] }: ProbeResult, { certificates: [b] }: ProbeResult): boolean {
  return a !== undefined && b !== undefined && bytesEqual(a, b);
}

/** One handshake. Throws OcspError as `probeServer` does. */
export async function probePlace(
  { place, timeoutMilliseconds, signal }: ConnectionOptions,
  keyType?: 'rsa' | 'ecdsa',
  certificate?: Certificate,
): Promise<ProbeResult> {
  const serverName = place.serverName ?? (certificate === undefined ? undefined : serverNameFor(certificate));
  return await probeServer(definedOnly({ ...place, serverName, keyType, timeoutMilliseconds, signal }));
}

/** What is worth saying of a connection, whatever is stapled there. */
export function connectionFindings(sent: ProbeResult, own: Certificate, place: ConnectionPlace): Finding[] {
  return [...nameFindings(sent, own, place), ...clientCertificateFindings(sent)];
}

/** The name that was asked for is the one that was sent, else what was connected to. */
function nameFindings({ serverName }: ProbeResult, own: Certificate, place: ConnectionPlace): Finding[] {
  const asked = [serverName, place.serverName].find(Boolean) ?? place.host;
  const address = parseAddress(asked);
  const isNamed = unlessOcspError(() =>
    namesServer(own, address === undefined ? { name: asked } : { address: address.bytes }),
  );
  if (isNamed === true) return [];
  const names = unlessOcspError(() => dnsNames(own)) ?? [];
  const more = names.length > shownNames ? ` and ${names.length - shownNames} more` : '';
  const instead = names.length === 0 ? '' : ` (it names ${names.slice(0, shownNames).join(', ')}${more})`;
  const message = `the certificate that the server sends does not name ${asked}${instead}`;
  return [{ rule: 'name-mismatch', severity: 'warning', message, source: 'RFC 6125 §6' }];
}

const shownNames = 3;

function clientCertificateFindings({ clientCertificate }: ProbeResult): Finding[] {
  if (clientCertificate !== 'required') return [];
  return [
    {
      rule: 'client-certificate-required',
      severity: 'info',
      message: clientCertificateSentence,
      source: 'RFC 5246 §7.4.4',
    },
  ];
}

/** The facts of a handshake. */
export function describeSent(sent: ProbeResult, own: Certificate): NonNullable<VerifyReport['sent']> {
  const { protocol, cipher, serverName, clientCertificate, staple } = sent;
  const stapleOctets = staple?.length ?? 0;
  return definedOnly({
    serialNumber: own.serialNumber,
    protocol,
    cipher,
    serverName,
    clientCertificate,
    stapleOctets,
  });
}
