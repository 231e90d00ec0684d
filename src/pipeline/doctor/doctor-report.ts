import type { FilePath } from '../../core/file-path.js';
import type {
  ConfigurationEdit,
  ConfigurationLine,
  LoadedState,
  OwnFetching,
  ServedPlace,
  ServerRemark,
} from '../../servers/discovery.js';
import type { Gravity } from '../gravity.js';

/** What this host needs: a plain value, which text, JSON and pages show. */
export interface DoctorReport {
  readonly servers: readonly DoctorServer[];
  /** One for each certificate of a server, the gravest first. */
  readonly certificates: readonly DoctorRecord[];
  /** What was not read, not asked or not understood. */
  readonly remarks: readonly DoctorRemark[];
}

/** A server that was found, and uses certificates. */
export interface DoctorServer {
  readonly name: string;
  readonly pid?: number;
  readonly configurations: readonly string[];
  readonly target?: string;
}

export interface DoctorRemark extends ServerRemark {
  readonly server?: string;
}

/** How a certificate of a server is, the gravest first. */
export const doctorStates = [
  /** A client that honours Must-Staple refuses the server, or soon will. */
  'must-staple-broken',
  /** The staple, or the server's way to it, is wrong. */
  'broken',
  /** Its responder is there, and the server does not send its staple. */
  'not-served',
  /** The certificate could not be read. */
  'unreadable',
  /** All is well until the staple expires. */
  'unrefreshed',
  'fine',
  /** There is nothing to staple. */
  'needs-nothing',
] as const;

export type DoctorState = (typeof doctorStates)[number];

/** One certificate as one server uses it. What is not known is absent. */
export interface DoctorRecord {
  readonly state: DoctorState;
  /** Why it is so, a sentence. */
  readonly reason: string;
  /** As in the table of servers; the name of the program for a server that is in none. */
  readonly server: string;
  readonly pid?: number;
  /** The main file of the server's configuration. */
  readonly configuration?: string;
  /** Who besides root decides what its configuration says, where this process is root. */
  readonly stranger?: string;
  readonly position?: ConfigurationLine;
  /** Absent for a server that nobody's configuration told of. */
  readonly certificate?: FilePath;
  readonly facts?: CertificateFacts;
  readonly staple?: StapleFacts;
  readonly ownFetching?: OwnFetching;
  readonly loaded?: LoadedState;
  readonly handshakes: readonly HandshakeFacts[];
  readonly answer?: AnswerFacts;
  readonly refreshedBy: readonly Refresher[];
  readonly findings: readonly DoctorFinding[];
  /** How grave it is for the exit code; `success` where nobody refreshes it. */
  readonly gravity: Gravity;
  /** The target of --reload. */
  readonly target?: string;
  /** The file that has the key of --dnsdist-key-file. */
  readonly keyFile?: string;
  /** Where the server reads its staple, or would after the advice; absent where it was not examined, and where restaple can write none. */
  readonly stapleFile?: string;
}

/** What the certificate says. */
export interface CertificateFacts {
  /** RFC 4514 strings. */
  readonly subject: string;
  readonly issuer: string;
  readonly serialNumber: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly keyType?: 'rsa' | 'ecdsa';
  readonly ocspUris: readonly string[];
  readonly mustStaple: boolean;
  readonly shortLived: boolean;
  /** Whether its issuer was found in the files that the server reads. */
  readonly isIssuerKnown: boolean;
}

/** The staple's file, as it is. */
export interface StapleFacts {
  readonly file: string;
  readonly isThere: boolean;
  /** Absent where it was not judged. */
  readonly verdict?: 'good' | 'revoked' | 'unknown' | 'refused' | 'invalid';
  /** Why it is not usable: a code of docs/errors.md. */
  readonly code?: string;
  readonly thisUpdate?: Date;
  readonly nextUpdate?: Date;
  /** When the server can no longer use it: nextUpdate, or the end of its signer where that is sooner. */
  readonly validUntil?: Date;
  /** When `fetch` would refresh it by its default policy. */
  readonly nextRefresh?: Date;
  /** From when a failed refresh would be reported, by default. */
  readonly alertFrom?: Date;
  /** What keeps the server's user from reading it; absent where nothing does, or that user is not known. */
  readonly obstacle?: string;
}

/** What the responder says now, where it was asked. */
export interface AnswerFacts {
  /** Absent where there is no answer. */
  readonly verdict?: 'good' | 'revoked' | 'unknown' | 'refused' | 'invalid';
  /** Why there is no answer, or it is not believed: a code of docs/errors.md. */
  readonly code?: string;
  readonly message?: string;
}

/** What one handshake showed. */
export interface HandshakeFacts {
  readonly place: ServedPlace;
  readonly outcome: 'served' | 'nothing-stapled' | 'other-staple' | 'other-certificate' | 'tls-refused' | 'not-reached';
  /** Of a good staple that is in no file: from when, and until when it can be used. */
  readonly thisUpdate?: Date;
  readonly validUntil?: Date;
  /** What is wrong, and the repair. */
  readonly message?: string;
  readonly hint?: string;
}

/** Who keeps a staple fresh. */
export interface Refresher {
  /** `restaple`, `hapos-upd`, or the name of the server. */
  readonly by: string;
  /** The unit, the line of a crontab, the process, or the setting of the server. */
  readonly where: string;
  /** The schedule as it is written there, or when it asks next. */
  readonly when?: string;
  /** It brings the first staple of a new certificate, and none after that. */
  readonly isAtRenewalOnly?: true;
}

/** Something to be done about a certificate. */
export interface DoctorFinding {
  readonly code: string;
  readonly severity: 'error' | 'warning' | 'info';
  readonly message: string;
  readonly advice: readonly AdviceStep[];
}

/** One step: a command for sh, or lines for a file, which people add themselves. */
export type AdviceStep =
  { readonly do: 'run'; readonly command: string } | (ConfigurationEdit & { readonly do: 'edit' });
