import type { CertId } from '../../core/index.js';
import type { Trouble } from '../trouble.js';

/*
 * What `inspect` shows, as plain values that JSON takes: names are RFC 4514 strings, octets lower-case hex of the exact
 * contents, times ISO 8601 with Z. `null` stands for a field that the syntax allows to be absent and that is.
 */

/** An extension: `name` where the OID is known, `text` what it says, a line each, where it could be read. */
export interface ExtensionRecord {
  readonly oid: string;
  readonly name?: string;
  readonly critical: boolean;
  /** The contents of extnValue. */
  readonly value: string;
  readonly text?: readonly string[];
}

/** RSASSA-PSS-params (RFC 4055 §3.1), defaults filled in; hashes by name, or by OID where unknown. */
export interface PssParametersRecord {
  readonly hashAlgorithm: string;
  readonly maskHashAlgorithm: string;
  readonly saltLength: number;
}

/** How something was signed. Nothing of it was checked. */
export interface SignatureRecord {
  readonly signatureAlgorithm: string;
  readonly signatureAlgorithmOid: string;
  /** The parameters of RSASSA-PSS, or the DER of any others that are not NULL. */
  readonly signatureParameters?: PssParametersRecord | string;
  readonly signature: string;
}

export interface PublicKeyRecord {
  readonly algorithm: string;
  readonly algorithmOid: string;
  readonly bits: number | null;
  readonly curve?: string;
  readonly modulus?: string;
  /** Decimal. */
  readonly exponent?: string;
  /** The contents of the BIT STRING. */
  readonly octets: string;
  /** SHA-1 over those: the key hash of a ResponderID, and of a SHA-1 CertID under this issuer. */
  readonly sha1: string;
}

/** A certificate (RFC 5280 §4.1). */
export interface CertificateRecord extends SignatureRecord {
  readonly kind: 'certificate';
  readonly octets: number;
  readonly version: number;
  readonly subject: string;
  readonly issuer: string;
  readonly serialNumber: string;
  readonly notBefore: string;
  readonly notAfter: string;
  readonly publicKey: PublicKeyRecord;
  readonly ocspUris: readonly string[];
  readonly caIssuersUris: readonly string[];
  readonly crlUris: readonly string[];
  readonly keyUsage: readonly string[] | null;
  /** By name, or by OID where unknown. */
  readonly extendedKeyUsage: readonly string[] | null;
  readonly isCa: boolean;
  readonly pathLength: number | null;
  readonly ocspNoCheck: boolean;
  readonly mustStaple: boolean;
  /** With the kind before each: `DNS:server.example`. */
  readonly subjectAltNames: readonly string[];
  readonly fingerprints: { readonly sha1: string; readonly sha256: string };
  readonly extensions: readonly ExtensionRecord[];
}

/** An embedded certificate that could not be decoded. */
export interface UndecodedCertificateRecord {
  readonly kind: 'undecoded-certificate';
  readonly octets: number;
  readonly der: string;
  readonly error: { readonly code: string; readonly message: string; readonly hint: string };
}

export type EmbeddedCertificateRecord = CertificateRecord | UndecodedCertificateRecord;

/** A SingleResponse (RFC 6960 §4.2.1). */
export interface SingleResponseRecord {
  readonly certId: CertId;
  readonly status: 'good' | 'revoked' | 'unknown';
  readonly thisUpdate: string;
  readonly nextUpdate: string | null;
  readonly revocationTime: string | null;
  readonly revocationReason: string | null;
  readonly extensions: readonly ExtensionRecord[];
}

/** An OCSPResponse with nothing in it that could be decoded: a refusal, another response type, or a damaged inner part. */
export interface OuterResponseRecord {
  readonly kind: 'response';
  readonly octets: number;
  readonly responseStatus: string;
  /** OID. */
  readonly responseType?: string;
}

/** An OCSPResponse with its BasicOCSPResponse (RFC 6960 §4.2.1). */
export interface BasicResponseRecord extends OuterResponseRecord, SignatureRecord {
  readonly responseType: string;
  readonly version: number;
  readonly responderId: { readonly byName: string } | { readonly byKey: string };
  readonly producedAt: string;
  readonly responses: readonly SingleResponseRecord[];
  readonly extensions: readonly ExtensionRecord[];
  readonly nonce: string | null;
  readonly certificates: readonly EmbeddedCertificateRecord[];
}

export type ResponseRecord = OuterResponseRecord | BasicResponseRecord;

/** An OCSPRequest (RFC 6960 §4.1.1); the fields of a signature are there when `signed` is true. */
export interface RequestRecord extends Partial<SignatureRecord> {
  readonly kind: 'request';
  readonly octets: number;
  readonly version: number;
  readonly requestorName?: string;
  readonly requests: readonly { readonly certId: CertId; readonly extensions: readonly ExtensionRecord[] }[];
  readonly extensions: readonly ExtensionRecord[];
  readonly nonce: string | null;
  readonly signed: boolean;
  readonly certificates?: readonly EmbeddedCertificateRecord[];
}

/** A request for a certificate (RFC 2986). */
export interface CertificateRequestRecord extends SignatureRecord {
  readonly kind: 'certificate-request';
  readonly octets: number;
  readonly version: number;
  readonly subject: string;
  readonly publicKey: PublicKeyRecord;
  /** Those that the certificate shall have. */
  readonly extensions: readonly ExtensionRecord[];
  /** All others, each value as its DER. */
  readonly attributes: readonly { readonly oid: string; readonly values: readonly string[] }[];
}

/** An entry of a CRL (RFC 5280 §5.3). */
export interface CrlEntryRecord {
  readonly serialNumber: string;
  readonly revocationTime: string;
  readonly revocationReason: string | null;
  readonly extensions: readonly ExtensionRecord[];
}

/** A CRL (RFC 5280 §5.1). */
export interface CrlRecord extends SignatureRecord {
  readonly kind: 'crl';
  readonly octets: number;
  readonly version: number;
  readonly issuer: string;
  readonly thisUpdate: string;
  readonly nextUpdate: string | null;
  readonly extensions: readonly ExtensionRecord[];
  readonly entries: readonly CrlEntryRecord[];
}

/** A PEM block that is named and not decoded: private keys above all. */
export interface NamedBlockRecord {
  readonly kind: 'private-key' | 'other';
  readonly label: string;
}

export type InspectionRecord =
  ResponseRecord | RequestRecord | CertificateRecord | CertificateRequestRecord | CrlRecord | NamedBlockRecord;

/** One thing that was found in a file: what it says as far as it could be decoded, and what stood in the way. */
export interface Inspected {
  /** Its number among the blocks of a PEM file, from 1. */
  readonly block?: number;
  readonly record?: InspectionRecord;
  /** What the reader should hear about it, without the file's name. */
  readonly warnings?: readonly string[];
  readonly trouble?: Trouble;
}
