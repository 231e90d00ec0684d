import { rootCertificates } from 'node:tls';
import { domainToASCII } from 'node:url';
import { OcspError, decodeCertificate, decodePem, type Certificate } from '../../core/index.js';
import { definedOnly } from '../../core/defined-only.js';
import { unlessOcspError } from '../../core/ocsp-error.js';
import type { ConnectionPlace } from '../../pipeline/verify/verify-report.js';
import { parseHostAndPort } from '../../system/network/host-and-port.js';
import { readRegularFile } from '../../system/read-file.js';
import type { ConnectionFlags } from './verify-flags.js';

/** For everything until a server has sent its certificates. */
export const handshakeTimeoutMilliseconds = 10_000;

/** The server of --connect. Throws OcspError `usage`. */
export function placeFrom(connect: string, { servername, starttls }: ConnectionFlags): ConnectionPlace {
  const address = parseHostAndPort(connect, 443);
  if (address === undefined) {
    throw new OcspError(
      'usage',
      `--connect: "${connect}" is not a HOST:PORT`,
      'write it like 127.0.0.1:443 or [::1]:853',
    );
  }
  return definedOnly({ ...address, serverName: asciiName(servername), starttls });
}

/** A name in its ASCII form (RFC 5891 §4), as servers and certificates have it. */
function asciiName(name: string | undefined): string | undefined {
  if (name === undefined || /^[!-~]*$/.test(name)) return name;
  const ascii = domainToASCII(name);
  if (ascii !== '') return ascii;
  throw new OcspError('usage', `--servername: "${name}" is not a host name`, 'write it like www.example');
}

/** Debian's bundle, which an administrator can add to; elsewhere the roots that Node brings. */
export function systemRoots(): readonly Certificate[] {
  const files = [...readSystemBundle(), ...rootCertificates.map((pem) => Buffer.from(pem))];
  const blocks = files.flatMap((pem) => decodePem(pem));
  // One root that cannot be decoded must not hide the others.
  return blocks.flatMap(({ der }) => unlessOcspError(() => [decodeCertificate(der)]) ?? []);
}

function readSystemBundle(): Uint8Array[] {
  try {
    const { bytes } = readRegularFile('/etc/ssl/certs/ca-certificates.crt', { limit: 16 * 1024 * 1024 });
    return bytes === undefined ? [] : [bytes];
  } catch {
    return [];
  }
}
