import { setMaxListeners } from 'node:events';
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls, type ConnectionOptions, type TLSSocket } from 'node:tls';
import type { X509Certificate } from 'node:crypto';
import { OcspError } from '../core/index.js';
import { connectionError, handshakeError } from './probe-error.js';
import { shownHostAndPort } from '../system/network/host-and-port.js';
import type { ProbeRequest, ProbeResult } from './probe-request.js';
import { askForTls } from './starttls.js';
import { definedOnly } from '../core/defined-only.js';

/** What a client with only this kind of key support offers (RFC 8446 §4.2.3); SHA-1 for TLS 1.2 servers of old is left out. */
const signatureAlgorithms = {
  rsa: 'RSA-PSS+SHA256:RSA-PSS+SHA384:RSA-PSS+SHA512:rsa_pss_pss_sha256:RSA+SHA256:RSA+SHA384:RSA+SHA512',
  ecdsa: 'ECDSA+SHA256:ECDSA+SHA384:ECDSA+SHA512',
} as const;

/**
 * One TLS handshake that asks for a staple (RFC 6066 §8, RFC 8446 §4.4.2.1) and gives back what the server sent, also where
 * it then ends the handshake for want of a client certificate. No chain or name is checked.
 *
 * @throws OcspError `name-not-resolved`, `connection-failed`, `timeout`, `tls-failed`, `starttls-failed`, `interrupted`
 */
export async function probeServer(request: ProbeRequest): Promise<ProbeResult> {
  const start = performance.now();
  const attempt: Attempt = { stage: 'connecting', sockets: [] };
  const stopLimit = startLimit(request, attempt);
  try {
    const tcp = await connect(request, attempt);
    if (request.starttls !== undefined) {
      attempt.stage = 'waiting for STARTTLS';
      await askForTls(tcp, request.starttls, shownHostAndPort(request));
    }
    attempt.stage = 'in the TLS handshake';
    const found = await handshake(tcp, request, attempt);
    // TLS ends with its close alert, and takes the socket below along.
    attempt.sockets.at(-1)?.unref().destroySoon();
    return { ...found, milliseconds: performance.now() - start };
  } catch (error) {
    destroyAll(attempt);
    throw attempt.ended ?? error;
  } finally {
    stopLimit();
  }
}

/** What is said where a server ended the handshake for want of a client certificate. */
export const clientCertificateSentence =
  'the server requires a client certificate and ended the handshake without one; its certificate and staple came before that';

interface Attempt {
  /** What it is at, for the message of a timeout. */
  stage: string;
  readonly sockets: Socket[];
  /** Why it was ended from here, where it was. */
  ended?: OcspError;
}

/** The last socket is the one that TLS runs on. */
function destroyAll({ sockets, ended }: Attempt): void {
  for (const socket of sockets.toReversed()) socket.destroy(ended);
}

/** Ends the attempt by its time and by the signal, until the returned function is called. */
function startLimit(request: ProbeRequest, attempt: Attempt): () => void {
  const { signal, timeoutMilliseconds } = request;
  const end = (error: OcspError): void => {
    attempt.ended = error;
    destroyAll(attempt);
  };
  const interrupted = new OcspError('interrupted', `the handshake with ${shownHostAndPort(request)} was interrupted`);
  if (signal.aborted) throw interrupted;
  const interrupt = (): void => end(interrupted);
  const timer = setTimeout(() => end(timedOut(request, attempt.stage)), timeoutMilliseconds);
  // Many probes at once listen to one signal: that is not a leak to warn of.
  setMaxListeners(0, signal);
  signal.addEventListener('abort', interrupt, { once: true });
  return () => {
    clearTimeout(timer);
    signal.removeEventListener('abort', interrupt);
  };
}

function timedOut(request: ProbeRequest, stage: string): OcspError {
  return new OcspError(
    'timeout',
    `${shownHostAndPort(request)} took longer than ${request.timeoutMilliseconds / 1000} s, while ${stage}`,
    stage === 'connecting'
      ? 'check the route and the firewall'
      : 'check that this port speaks the expected protocol and that the server is not stuck',
  );
}

function connect(request: ProbeRequest, attempt: Attempt): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connectTcp({ host: request.host, port: request.port });
    attempt.sockets.push(socket);
    socket.setNoDelay(true);
    // Stays for the socket's life: a late reset must not become an uncaught error.
    socket.on('error', (error) => reject(connectionError(error, request)));
    socket.once('connect', () => resolve(socket));
  });
}

function handshake(tcp: Socket, request: ProbeRequest, attempt: Attempt): Promise<Omit<ProbeResult, 'milliseconds'>> {
  return new Promise((resolve, reject) => {
    const serverName = serverNameOf(request);
    const tls = connectTls(connectionOptions(tcp, request, serverName));
    attempt.sockets.push(tls);
    let flight: FirstFlight | undefined;
    // Of TLS 1.2 certificate and staple come before a client certificate is missed (RFC 5246 §7.3, RFC 6066 §8).
    const end = (error: Error): void => {
      if (flight?.asksForCertificate === true && attempt.ended === undefined) {
        resolve({ ...flight.sent, serverName, cipher: undefined, clientCertificate: 'required' });
      } else {
        reject(handshakeError(error, request));
      }
    };
    tls.on('error', end);
    tls.once('close', () => end(closed()));
    // OpenSSL bounds it: a message of 16 KiB in TLS 1.2, an extension of 64 KiB in TLS 1.3.
    // Comes before secureConnect whether there is a staple or not: then it is null.
    tls.once('OCSPResponse', (response: Buffer | null) => {
      flight = firstFlight(tls, response === null ? undefined : new Uint8Array(response));
    });
    tls.once('secureConnect', () => {
      const { sent, asksForCertificate } = flight ?? firstFlight(tls, undefined);
      const clientCertificate = asksForCertificate ? 'asked' : undefined;
      resolve({ ...sent, serverName, cipher: tls.getCipher().standardName, clientCertificate });
    });
  });
}

/** What a server has sent when the client has to answer. */
interface FirstFlight {
  readonly sent: Pick<ProbeResult, 'certificates' | 'staple' | 'protocol'>;
  readonly asksForCertificate: boolean;
}

/** To be read once: Node gives the chain away with the first call. */
function firstFlight(tls: TLSSocket, staple: Uint8Array | undefined): FirstFlight {
  return {
    sent: { certificates: certificatesOf(tls), staple, protocol: tls.getProtocol() ?? '' },
    // Those of the server's CertificateRequest; it sends none to a client otherwise.
    asksForCertificate: tls.getSharedSigalgs().length > 0,
  };
}

function connectionOptions(
  socket: Socket,
  { keyType, tlsVersion }: ProbeRequest,
  serverName: string | undefined,
): ConnectionOptions & { readonly requestOCSP: true } {
  return definedOnly({
    socket,
    requestOCSP: true,
    // What the server sends is judged later, by the certificate that was expected and not by a name.
    rejectUnauthorized: false,
    minVersion: tlsVersion ?? 'TLSv1.2',
    maxVersion: tlsVersion ?? 'TLSv1.3',
    servername: serverName,
    sigalgs: keyType === undefined ? undefined : signatureAlgorithms[keyType],
  });
}

/** RFC 6066 §3: a literal address is not permitted as a server name, and a name carries no final dot. */
function serverNameOf({ host, serverName }: ProbeRequest): string | undefined {
  const name = (serverName ?? host).replace(/\.$/, '');
  return name === '' || isIP(name) !== 0 || name.includes(':') ? undefined : name;
}

function certificatesOf(tls: TLSSocket): Uint8Array[] {
  const certificates: Uint8Array[] = [];
  // Unlike getPeerCertificate, this walks what was sent, in its order, whoever issued whom.
  let certificate: X509Certificate | undefined = tls.getPeerX509Certificate();
  while (certificate !== undefined) {
    certificates.push(new Uint8Array(certificate.raw));
    certificate = certificate.issuerCertificate;
  }
  return certificates;
}

function closed(): Error {
  return Object.assign(new Error('closed during the handshake'), { code: 'ECONNRESET' });
}
