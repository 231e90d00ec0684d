import {
  isBelieved,
  type Certificate,
  type ExpectedNonce,
  type Failure,
  type Finding,
  type HashAlgorithm,
  type LintProfile,
  type OcspRequest,
  type Verdict,
} from '../../core/index.js';
import type { HaproxyConfiguration } from '../../servers/haproxy/configuration.js';
import type { FilePath } from '../../core/file-path.js';
import type { CrlCheck, CrlReport } from '../crl-check.js';
import type { StaplingServer } from './server-rules.js';
import type { StapleFault } from '../../probe/compare-staple.js';
import type { ProbeRequest } from '../../probe/probe-request.js';
import type { CertificateLife } from '../certificate-life.js';
import { missingResponder } from '../fetch/missing-responder.js';
import { troubleOfFailure, troubleOfOne, type Trouble } from '../trouble.js';

/** The settings of a verification; durations in milliseconds. */
export interface VerifyStapleOptions {
  /** The response to judge; the certificate's staple when absent. */
  readonly response?: FilePath;
  readonly out?: string;
  /** How haproxy loads its certificates, where its configuration was named: a staple is where haproxy reads it. */
  readonly haproxy?: HaproxyConfiguration;
  readonly now: Date;
  readonly skewMilliseconds: number;
  readonly maximumAgeMilliseconds?: number;
  readonly ignoreTimes: boolean;
  readonly nonce?: ExpectedNonce;
  readonly request?: OcspRequest;
  readonly trustedResponders: readonly Certificate[];
  /** Anchors for the chain above the issuer; the issuer is trusted as it is when there are none. */
  readonly anchors: readonly Certificate[];
  /** The flag that names them, for hints; absent where the command has none. */
  readonly anchorFlag?: string;
  readonly untrusted: readonly Certificate[];
  /** Would this server take it, and serve it? */
  readonly server?: StaplingServer;
  /** Whose rules, beyond those of belief, the response is held to; none when absent. */
  readonly lint?: LintProfile;
  /** A second source of the status, beside the response. */
  readonly crl?: CrlCheck;
}

/** Whom to connect to. */
export type ConnectionPlace = Pick<ProbeRequest, 'host' | 'port' | 'serverName' | 'starttls'>;

/** What one request to a responder came to; what is not known of it is absent. */
export interface ResponderExchange {
  /** The responder as it is named: without the request of a GET, without credentials. */
  readonly url: string;
  readonly method: 'get' | 'post';
  /** Of the CertID. */
  readonly hash: HashAlgorithm;
  /** Absent where a proxy stands before the responder, or nobody answered. */
  readonly address?: string;
  /** Of HTTP. */
  readonly status?: number;
  readonly milliseconds: number;
  readonly contentType?: string;
  readonly cacheControl?: string;
  readonly etag?: string;
  readonly expires?: string;
}

/** What was found about one certificate and its response: `place` tells what a server sends from what lies in a file. */
export type VerifyReport = FileReport | ConnectionReport;

/** What became of the response: `verdict` is there where it was judged, else `noResponder` says whether none is needed. */
export type Judgement = JudgedStaple | StapleNotNeeded | StapleNotJudged;

type CommonReport = Judgement & {
  readonly certificate?: FilePath;
  /** Of a chain: which of its certificates, as an RFC 4514 string. */
  readonly subject?: string;
  /** What the reader should hear about the certificate's file. */
  readonly warnings?: readonly string[];
  /** Of the certificate, where it could be read. */
  readonly life?: CertificateLife;
  /** What is worth saying beside the response. */
  readonly findings?: readonly Finding[];
  /** The responder was asked now; the exchange that decided, where there was one. */
  readonly asked?: { readonly exchange?: ResponderExchange };
};

/** A response of a file, or the want of one. */
export type FileReport = CommonReport & {
  readonly place?: undefined;
  readonly sent?: undefined;
  readonly fault?: undefined;
  readonly response?: FilePath;
  /** When fetch would refresh the staple by its default policy. */
  readonly nextRefresh?: Date;
  /** From when a failed refresh would be reported, by default. */
  readonly alertFrom?: Date;
  /** One verdict for each statement, where no single one was asked about. */
  readonly statements?: readonly Verdict[];
  /** What the CRL says, where one was asked; the verdict is only that of the response. */
  readonly crl?: CrlReport;
};

/** What one handshake showed. */
export type ConnectionReport = CommonReport & {
  readonly response?: undefined;
  readonly nextRefresh?: undefined;
  readonly alertFrom?: undefined;
  readonly statements?: undefined;
  readonly crl?: undefined;
  /** The server that was asked. */
  readonly place: ConnectionPlace;
  /** What it sent, where the handshake went so far. */
  readonly sent?: {
    readonly serialNumber: string;
    readonly protocol: string;
    readonly cipher?: string;
    /** `required` where the server ended the handshake for want of one. */
    readonly clientCertificate?: 'asked' | 'required';
    readonly serverName?: string;
    readonly stapleOctets: number;
  };
  /** How the handshake differs from the file, or that nothing is stapled. */
  readonly fault?: StapleFault;
};

/** A response was judged. */
export interface JudgedStaple {
  readonly verdict: Verdict;
  readonly noResponder: false;
  /** Why the response is not believed, as far as that counts. */
  readonly trouble?: Trouble;
}

/** The certificate names no responder, and no staple is there. */
export interface StapleNotNeeded {
  readonly verdict?: undefined;
  readonly noResponder: true;
  readonly trouble: Trouble;
}

/** An error came first, a server would not serve the response, or sends none: then the trouble is in the fault. */
export interface StapleNotJudged {
  readonly verdict?: undefined;
  readonly noResponder: false;
  readonly trouble?: Trouble;
}

/** Where a response came from, and so what to do about one that is not usable. */
export type ResponseOrigin = 'staple' | 'named' | 'handshake';

/** A verdict as part of a report, with the trouble that it means. */
export function reported(verdict: Verdict, origin: ResponseOrigin): JudgedStaple {
  if (isBelieved(verdict)) return { verdict, noResponder: false };
  const trouble = troubleOfFailure(verdict.failure);
  return {
    verdict,
    noResponder: false,
    trouble: { ...trouble, hint: hintFor(verdict.failure, origin) ?? trouble.hint },
  };
}

/** What is over, or is not a response at all, where it lies: the responder has no part in that. */
const hints: Readonly<Record<ResponseOrigin, Readonly<Record<'over' | 'other', string>>>> = {
  staple: {
    over: 'run restaple fetch; is the timer running?',
    other: 'move it away, then make the staple with: restaple fetch',
  },
  named: {
    over: 'get a current one, with restaple fetch for a certificate that names a responder',
    other: 'name the file of an OCSP response with --response; name a certificate as an argument',
  },
  handshake: {
    over: 'run restaple fetch and have the server reload; is the timer running?',
    other: 'make the staple again with restaple fetch, then have the server reload',
  },
};

function hintFor({ code, values }: Failure, origin: ResponseOrigin): string | undefined {
  if (code === 'expired' || code === 'too-short') return hints[origin].over;
  return code === 'malformed-response' && 'found' in values ? hints[origin].other : undefined;
}

/** What ended a verification, as part of a report. Throws the error on where it is the caller's (`usage`, `interrupted`). */
export function notJudged(error: unknown): StapleNotJudged {
  return { noResponder: false, trouble: troubleOfOne(error) };
}

/** A certificate without responders needs no staple. */
export function noResponderNeeded(certificate: Certificate): StapleNotNeeded {
  return { noResponder: true, trouble: missingResponder(certificate) };
}
