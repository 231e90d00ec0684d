import { Tag, readerOf, type DerElement, type DerReader } from '../der/der.js';

/** An AlgorithmIdentifier (RFC 5280 §4.1.1.2): `parameters` undefined when absent; `raw` its exact encoding. */
export interface AlgorithmIdentifier {
  readonly oid: string;
  readonly parameters: DerElement | undefined;
  readonly raw: Uint8Array;
}

export function readAlgorithmIdentifier(reader: DerReader, what: string): AlgorithmIdentifier {
  const element = reader.element(Tag.sequence, what);
  return algorithmIdentifierOf(element, what);
}

export function algorithmIdentifierOf(element: DerElement, what: string): AlgorithmIdentifier {
  const contents = readerOf(element);
  const oid = contents.objectIdentifier(what);
  const parameters = contents.isAtEnd ? undefined : contents.any(`parameters of ${what}`);
  contents.end(what);
  return { oid, parameters, raw: element.raw };
}

/** Whether the parameters are absent or NULL, the two forms deployed for hashes and RSA (RFC 4055 §2.1). */
export function hasNoParameters(algorithm: AlgorithmIdentifier): boolean {
  const { parameters } = algorithm;
  return parameters === undefined || (parameters.tag === Tag.null && parameters.contentStart === parameters.end);
}
