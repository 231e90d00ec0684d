import type { CertId } from '../../../core/cert-id.js';
import { brokenHex, integerText } from './values.js';

/** A CertID as openssl prints it, at this depth. */
export function certIdText(
  { hashAlgorithm, issuerNameHash, issuerKeyHash, serialNumber }: CertId,
  depth: number,
): string {
  const indent = ' '.repeat(depth + 2);
  return [
    `${' '.repeat(depth)}Certificate ID:`,
    `${indent}Hash Algorithm: ${hashAlgorithm}`,
    `${indent}Issuer Name Hash: ${brokenHex(issuerNameHash)}`,
    `${indent}Issuer Key Hash: ${brokenHex(issuerKeyHash)}`,
    `${indent}Serial Number: ${integerText(serialNumber)}`,
    '',
  ].join('\n');
}
