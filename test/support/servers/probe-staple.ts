import { connect, type ConnectionOptions, type SecureVersion } from 'node:tls';

export interface ProbeOptions {
  /** On 127.0.0.1. */
  readonly port: number;
  readonly serverName?: string;
  /** This version alone; default: what both sides have. */
  readonly tlsVersion?: SecureVersion;
  /** OpenSSL's signature algorithms, to choose between an RSA and an ECDSA certificate. */
  readonly sigalgs?: string;
}

/** The staple that a server sends in the handshake, byte for byte; null when it sends none. */
export function probeStaple({ port, serverName, tlsVersion, sigalgs }: ProbeOptions): Promise<Buffer | null> {
  return new Promise((resolve, reject) => {
    // The types do not know requestOCSP.
    const options: ConnectionOptions & { readonly requestOCSP: boolean } = {
      host: '127.0.0.1',
      port,
      requestOCSP: true,
      // What is asked is the staple alone; whether it is believed is the caller's to say.
      rejectUnauthorized: false,
      timeout: 10_000,
      ...(serverName === undefined ? {} : { servername: serverName }),
      ...(tlsVersion === undefined ? {} : { minVersion: tlsVersion, maxVersion: tlsVersion }),
      ...(sigalgs === undefined ? {} : { sigalgs }),
    };
    const socket = connect(options);
    socket.once('OCSPResponse', (response: Buffer | null) => {
      socket.destroy();
      resolve(response);
    });
    socket.once('timeout', () => socket.destroy(new Error(`no handshake on port ${port} within 10 s`)));
    socket.once('error', reject);
  });
}
