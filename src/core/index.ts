export { OcspError, ocspErrorKinds, type OcspErrorCode, type OcspErrorKind } from './ocsp-error.js';
export { DerError, type DerRule } from './der/der.js';
export { decodePem, looksLikePem, type PemBlock } from './pem.js';
export { distinguishedNameToString, distinguishedNamesEqual } from './certificate/distinguished-name.js';
export { decodeCertificate, isInValidity, isSelfIssued, type Certificate } from './certificate/certificate.js';
export { isIssuedBy, issuanceFailure, type IssuanceFailure, type IssuerOrigin } from './certificate/issuance.js';
export type { PublicKey } from './keys/public-key.js';
export type { CertificateExtensions, KeyUsage } from './certificate/certificate-extensions.js';
export type { Extension } from './certificate/extension.js';
export type { AlgorithmIdentifier } from './keys/algorithm-identifier.js';
export {
  certIdsEqual,
  createCertId,
  createCertIdForSerialNumber,
  parseSerialNumber,
  serialNumbersEqual,
  type CertId,
  type HashAlgorithm,
} from './cert-id.js';
export { signRequest, type RequestSigner } from './sign-request.js';
export { createRequest, decodeRequest, type CreateRequestOptions, type OcspRequest } from './request.js';
export {
  decodeResponse,
  isResponse,
  type BasicResponse,
  type OcspResponse,
  type ResponderId,
  type ResponseDecodingFailure,
  type ResponseStatus,
  type RevocationReason,
  type SingleResponse,
} from './response.js';
export { signatureAlgorithmName, type SignatureFailure } from './keys/signature.js';
export {
  createErrorResponse,
  signResponse,
  type ResponseSigner,
  type ResponseToSign,
  type StatementStatus,
  type StatementToSign,
} from './sign-response.js';
export { alertTime, defaultRefreshPolicy, refreshTime, windowOf, type RefreshPolicy, type Window } from './schedule.js';
export { lintResponse, type LintOptions } from './lint/lint-response.js';
export { lintProfiles, type LintProfile } from './lint/rule.js';
export { anchorFailure, type AnchorOptions } from './verify/anchor.js';
export { verifyResponse, type VerifyOptions } from './verify/verify-response.js';
export type { ExpectedNonce } from './verify/binding.js';
export type { Subject } from './verify/statement.js';
export type { ValidityOptions } from './verify/validity.js';
export {
  isBelieved,
  type BelievedEvidence,
  type Evidence,
  type Failure,
  type FailureCode,
  type Finding,
  type Responder,
  type Statement,
  type Verdict,
} from './verify/verdict.js';
