import { isBelieved, type BelievedEvidence, type Failure, type Finding, type Verdict } from '../../core/index.js';
import { failure } from '../../core/verify/failure.js';
import { minimumRemainingMilliseconds } from '../../core/verify/verify-response.js';
import { formatTime } from '../../core/time.js';

/** Servers that staple from a file, and whose rules are known. */
export const staplingServers = ['haproxy', 'dnsdist', 'nginx', 'hitch', 'lighttpd'] as const;

export type StaplingServer = (typeof staplingServers)[number];

interface ServerRules {
  readonly takesOneStatementOnly: boolean;
  readonly takesSha1Only: boolean;
  readonly wantsNextUpdate: boolean;
  /** It stops stapling so long before nextUpdate, in milliseconds. */
  readonly stopsBefore: number;
  /** The largest response it takes over its admin socket or from a file, in octets. */
  readonly largestOverSocket?: number;
  /** What it serves although no client would take it. */
  readonly laxness?: { readonly rule: string; readonly serves: string };
}

/** As measured: haproxy 2.6 to 3.2, dnsdist 1.7 to 2.1, nginx 1.22, hitch 1.7, lighttpd 1.4. */
const rules: Readonly<Record<StaplingServer, ServerRules>> = {
  haproxy: {
    takesOneStatementOnly: true,
    takesSha1Only: true,
    wantsNextUpdate: true,
    stopsBefore: minimumRemainingMilliseconds,
    largestOverSocket: 12_260,
  },
  dnsdist: {
    takesOneStatementOnly: true,
    takesSha1Only: false,
    wantsNextUpdate: true,
    stopsBefore: 0,
  },
  hitch: {
    takesOneStatementOnly: false,
    takesSha1Only: true,
    wantsNextUpdate: false,
    stopsBefore: 0,
  },
  nginx: {
    takesOneStatementOnly: false,
    takesSha1Only: false,
    wantsNextUpdate: false,
    stopsBefore: 0,
    laxness: { rule: 'server-checks-nothing', serves: 'whatever response the file holds, expired ones too' },
  },
  lighttpd: {
    takesOneStatementOnly: false,
    takesSha1Only: false,
    wantsNextUpdate: false,
    stopsBefore: 0,
    laxness: { rule: 'server-checks-little', serves: 'whatever response the file holds until its nextUpdate' },
  },
};

/**
 * Whether a server would take this response and serve it: the verdict as it was, or `invalid` with the failure for which
 * the server would not. Skew never extends nextUpdate here.
 */
export function judgeForServer(verdict: Verdict, server: StaplingServer, bytes: Uint8Array, now: Date): Verdict {
  if (!isBelieved(verdict)) return verdict;
  const refusal = refusalBy(server, verdict, now);
  if (refusal !== undefined) return { ...verdict, kind: 'invalid', failure: refusal };
  return { ...verdict, findings: [...verdict.findings, ...findingsFor(server, bytes)] };
}

function refusalBy(
  server: StaplingServer,
  { statement, statementCount }: BelievedEvidence,
  now: Date,
): Failure | undefined {
  const { takesOneStatementOnly, takesSha1Only, wantsNextUpdate, stopsBefore } = rules[server];
  const { certId, nextUpdate } = statement;
  if (takesOneStatementOnly && statementCount !== 1) {
    return failure(
      'several-responses',
      `${server} takes a response with one SingleResponse, this one has ${statementCount}`,
      {
        count: statementCount,
      },
    );
  }
  if (takesSha1Only && certId.hashAlgorithm !== 'sha1') {
    const message = `${server} finds its certificate by a SHA-1 CertID alone, this one uses ${certId.hashAlgorithm}`;
    return failure('cert-id-hash-differs', message, { hashAlgorithm: certId.hashAlgorithm, expected: 'sha1' });
  }
  if (nextUpdate === undefined) {
    return wantsNextUpdate ? failure('no-next-update', `${server} refuses a response without nextUpdate`) : undefined;
  }
  const remaining = nextUpdate.getTime() - now.getTime();
  const values = { nextUpdate: formatTime(nextUpdate), now: formatTime(now) };
  if (remaining <= 0) return failure('expired', `the response expired at ${values.nextUpdate}`, values);
  if (remaining > stopsBefore) return undefined;
  const message = `${server} stops stapling ${stopsBefore / 1000} s before nextUpdate, which is ${values.nextUpdate}`;
  return failure('too-short', message, values);
}

function findingsFor(server: StaplingServer, bytes: Uint8Array): Finding[] {
  const { laxness, largestOverSocket } = rules[server];
  const findings: Finding[] = [];
  if (laxness !== undefined) {
    findings.push({
      rule: laxness.rule,
      severity: 'info',
      message: `${server} serves ${laxness.serves}, and reads it again only when told: keep refreshing it`,
      source: `measured with ${server}`,
    });
  }
  if (largestOverSocket !== undefined && bytes.length > largestOverSocket) {
    findings.push({
      rule: 'too-large-for-socket',
      severity: 'warning',
      message: `with ${bytes.length} octets it is too large for the admin socket: raise tune.bufsize, or reload ${server}`,
      source: 'haproxy tune.bufsize 16384',
    });
  }
  return findings;
}
