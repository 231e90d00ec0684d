export {
  DerError,
  OcspError,
  alertTime,
  anchorFailure,
  certIdsEqual,
  createCertId,
  createCertIdForSerialNumber,
  createErrorResponse,
  createRequest,
  decodeCertificate,
  decodePem,
  decodeRequest,
  decodeResponse,
  defaultRefreshPolicy,
  distinguishedNameToString,
  distinguishedNamesEqual,
  isBelieved,
  isInValidity,
  isIssuedBy,
  isResponse,
  isSelfIssued,
  issuanceFailure,
  lintProfiles,
  lintResponse,
  looksLikePem,
  ocspErrorKinds,
  parseSerialNumber,
  refreshTime,
  serialNumbersEqual,
  signRequest,
  signResponse,
  signatureAlgorithmName,
  verifyResponse,
  windowOf,
  type AlgorithmIdentifier,
  type AnchorOptions,
  type BasicResponse,
  type BelievedEvidence,
  type CertId,
  type Certificate,
  type CertificateExtensions,
  type CreateRequestOptions,
  type DerRule,
  type Evidence,
  type ExpectedNonce,
  type Extension,
  type Failure,
  type FailureCode,
  type Finding,
  type HashAlgorithm,
  type IssuanceFailure,
  type IssuerOrigin,
  type KeyUsage,
  type LintOptions,
  type LintProfile,
  type OcspErrorCode,
  type OcspErrorKind,
  type OcspRequest,
  type OcspResponse,
  type PemBlock,
  type PublicKey,
  type RefreshPolicy,
  type RequestSigner,
  type Responder,
  type ResponderId,
  type ResponseDecodingFailure,
  type ResponseSigner,
  type ResponseStatus,
  type ResponseToSign,
  type RevocationReason,
  type SignatureFailure,
  type SingleResponse,
  type Statement,
  type StatementStatus,
  type StatementToSign,
  type Subject,
  type ValidityOptions,
  type Verdict,
  type VerifyOptions,
  type Window,
} from './core/index.js';
export type { FilePath } from './core/file-path.js';
export { readCertificateFile, type CertificateFile } from './source/certificate-file.js';
export { certificatePaths, type CertificatePath } from './source/certificate-paths.js';
export { listCertificates, type CertificateList, type ListedCertificate } from './source/certificate-list.js';
export type { NamedSource } from './source/named-source.js';
export { createIssuerFinder, type FoundIssuer, type IssuerFinder } from './source/issuer-finder.js';
export type { FruitlessSearch, IssuerSource } from './source/missing-issuer.js';
export { askResponder, type ResponderAnswer, type ResponderQuery } from './transport/ask-responder.js';
export type { HttpClient, HttpClientOptions, HttpReply, HttpRequest } from './transport/http-client.js';
export { proxyFromEnvironment, proxyFromFlag, type ProxySettings } from './transport/proxy.js';
export { createResponderGate, type GateLimits, type ResponderGate } from './transport/responder-gate.js';
export { readStaple, type StapleOnDisk } from './store/staple-file.js';
export { staplePathFor } from './store/staple-location.js';
export { storingFailure, type StoringRule } from './store/storable.js';
export { replaceStaple, type ReplaceStapleOptions, type ReplacedStaple } from './store/write-staple.js';
export type { OwnProcess } from './store/lock-holder.js';
export { createHttpClient, fetchStaple, fetchStaples, usualFetchOptions } from './library/fetch.js';
export { generateStaple } from './library/generate.js';
export { ownProcess } from './library/own-process.js';
export { verifyStaple } from './library/verify.js';
export type { BatchLimits, ListedOutcome } from './pipeline/fleet/batch.js';
export type { GenerateOptions, GenerateResult, GenerateSubject } from './pipeline/sign/generate-staple.js';
export { readCrlStatuses, type CrlStatuses } from './pipeline/sign/crl-statuses.js';
export { prepareSigner, type SignerMaterial } from './pipeline/sign/signer.js';
export { createResponder } from './pipeline/serve/responder.js';
export { startResponderServer } from './pipeline/serve/http-server.js';
export { readCrlSource } from './source/crl-file.js';
export { readIndexSource } from './source/index-file.js';
export { readPrivateKey } from './source/private-key.js';
export { fixedStatus, type StatusSource } from './source/status-source.js';
export { reportCertificate, type CertificateReport } from './pipeline/verify/certificate-report.js';
export { inspectBytes, inspectFile } from './pipeline/inspect/inspect-file.js';
export type { InspectionRecord, Inspected } from './pipeline/inspect/record.js';
export type { FetchOptions, FetchTools } from './pipeline/fetch/fetch-job.js';
export type { ResponderHost, ResponderOverride } from './pipeline/fetch/responder-override.js';
export { createResponseMemory, type ResponseMemory } from './pipeline/fetch/response-memory.js';
export type { Outcome, OutcomeName, ResponderContact } from './pipeline/fetch/outcome.js';
export type { Trouble } from './pipeline/trouble.js';
export type { CrlCheck, CrlReport, CrlTimes } from './pipeline/crl-check.js';
export { checkByCrlFiles } from './pipeline/crl-files.js';
export { checkByDownloadedCrls, type CrlDownloadOptions } from './pipeline/verify/crl-downloads.js';
export { probeResponders } from './pipeline/query/probe-responders.js';
export type { ResponderProbe } from './pipeline/query/probe-findings.js';
export { queryCertificate, type QueryReport } from './pipeline/query/query-certificate.js';
export { subjectsOfFile, type QuerySubject } from './pipeline/query/query-subject.js';
export type { QueryOptions, QueryTools } from './pipeline/query/question.js';
export { verifyResponseFile } from './pipeline/verify/verify-response-file.js';
export type {
  FileReport,
  ResponderExchange,
  VerifyReport,
  VerifyStapleOptions,
} from './pipeline/verify/verify-report.js';
