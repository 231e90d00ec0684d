import type { CertId } from '../../core/index.js';
import type { ExtensionRecord, SignatureRecord } from '../../pipeline/inspect/record.js';
import { field, hexLines, indented, section, type Line } from './line.js';

export function certIdLines({ hashAlgorithm, issuerNameHash, issuerKeyHash, serialNumber }: CertId): Line[] {
  return section('CertID', [
    field('hash algorithm', hashAlgorithm),
    field('issuer name hash', issuerNameHash),
    field('issuer key hash', issuerKeyHash),
    field('serial number', serialNumber),
  ]);
}

/** The OID after the name in brackets, or only the OID where it has no name. */
export function nameWithOid(name: string | undefined, oid: string): string {
  return name === undefined || name === oid ? oid : `${name} (${oid})`;
}

/** Each extension by its name and OID, with what it says, or its octets where that is not known. */
export function extensionLines(heading: string, extensions: readonly ExtensionRecord[]): Line[] {
  return section(
    heading,
    extensions.flatMap(({ oid, name, critical, value, text }) => {
      const title = `${nameWithOid(name, oid)}${critical ? ', critical' : ''}`;
      const body = text === undefined ? hexLines(value) : text.map((line) => ({ depth: 0, text: line }));
      return [{ depth: 0, text: `${title}${body.length === 0 ? '' : ':'}` }, ...indented(body)];
    }),
  );
}

/** The algorithm with its parameters, and the signature's octets; nothing of a request that is not signed. */
export function signatureLines(record: Partial<SignatureRecord>): Line[] {
  const { signatureAlgorithm, signatureAlgorithmOid, signatureParameters, signature } = record;
  if (signatureAlgorithm === undefined || signatureAlgorithmOid === undefined || signature === undefined) return [];
  return [
    field('signature algorithm', nameWithOid(signatureAlgorithm, signatureAlgorithmOid)),
    ...parameterLines(signatureParameters),
    ...section(`signature (${signature.length / 2} octets)`, hexLines(signature)),
  ];
}

function parameterLines(parameters: SignatureRecord['signatureParameters']): Line[] {
  if (parameters === undefined) return [];
  if (typeof parameters === 'string') return section('parameters', hexLines(parameters));
  const { hashAlgorithm, maskHashAlgorithm, saltLength } = parameters;
  return indented([
    field('hash', hashAlgorithm),
    field('mask generation', `MGF1 with ${maskHashAlgorithm}`),
    field('salt length', `${saltLength} octets`),
  ]);
}
