import { byGravity, gravityOfReport, gravityOfTrouble, type Gravity } from '../gravity.js';
import { formatDuration } from '../../core/time.js';
import { shownPath } from '../../core/file-path.js';
import { shellWord } from '../../system/shell-words.js';
import { readableAdvice, settingAdvice, stapleAdvice, staplePlaceAdvice } from './advice.js';
import type { DoctorFinding, DoctorState, Refresher } from './doctor-report.js';
import { lacksResolver, type Examination } from './examine-certificate.js';
import { isWrong } from './handshakes.js';
import { notServedFor, type Decision, type Rule } from './rule.js';
import { notFound, notLoaded, unableToStaple } from './running-server-rules.js';
import { sideFindings } from './side-findings.js';

/** What follows from what was found of a certificate. */
export interface Diagnosis {
  readonly state: DoctorState;
  readonly reason: string;
  readonly gravity: Gravity;
  readonly findings: readonly DoctorFinding[];
}

/**
 * The state of a certificate: the first of these that holds decides, what else is wrong is a finding too. Of a Must-Staple
 * certificate whatever keeps its staple from clients is the gravest state.
 */
export function diagnose(examined: Examination, now: Date): Diagnosis {
  const decisions = [
    unread,
    withoutResponder,
    refusedByResponder,
    unableToStaple,
    badStaple,
    notSetUp,
    notServed,
    notLoaded,
    notFound,
    ownFetchingFails,
    unrefreshed,
  ]
    .map((rule) => rule(examined, now))
    .filter((one) => one !== undefined);
  const [first] = decisions;
  const also = sideFindings(examined, now);
  const { stranger } = examined;
  const ofAnswer = examined.answer === undefined ? 'success' : gravityOfReport(examined.answer);
  if (first === undefined) {
    return {
      state: 'fine',
      reason: fineReason(examined, now),
      gravity: ofAnswer,
      findings: withoutStrangersAdvice(also, stranger),
    };
  }
  const mustStaple = examined.facts?.mustStaple === true && !['unrefreshed', 'unreadable'].includes(first.state);
  const isShown = ({ state }: Decision): boolean => state !== 'needs-nothing';
  return {
    state: mustStaple ? 'must-staple-broken' : first.state,
    reason: first.message,
    gravity: [ofAnswer, ...decisions.map(({ gravity }) => gravity)].sort(byGravity)[0] ?? 'success',
    findings: withoutStrangersAdvice(
      withoutRepeatedAdvice([...decisions.filter(isShown).map(findingOf), ...also]),
      stranger,
    ),
  };
}

/** What mends two things at once is said with the first. */
function withoutRepeatedAdvice(findings: readonly DoctorFinding[]): DoctorFinding[] {
  const said = new Set<string>();
  return findings.map((finding) => {
    const steps = finding.advice.map((step) => JSON.stringify(step));
    const isRepeated = steps.every((step) => said.has(step));
    for (const step of steps) said.add(step);
    return isRepeated ? { ...finding, advice: [] } : finding;
  });
}

/** What root pastes must not be what another user wrote: which files to write, and which modules a test of the configuration loads. */
function withoutStrangersAdvice(
  findings: readonly DoctorFinding[],
  stranger: string | undefined,
): readonly DoctorFinding[] {
  if (stranger === undefined || findings.every(({ advice }) => advice.length === 0)) return findings;
  const message = `no commands are shown to root, since others than root can change its configuration: ${stranger}`;
  return [
    ...findings.map((finding) => ({ ...finding, advice: [] })),
    { code: 'configuration-of-others', severity: 'warning', message, advice: [] },
  ];
}

function findingOf({ code, severity, message, advice }: Decision): DoctorFinding {
  return { code, severity, message, advice };
}

const unread: Rule = ({ trouble }) => {
  if (trouble === undefined) return undefined;
  const isClosed = trouble.code === 'file-unreadable';
  return {
    state: isClosed ? 'unreadable' : 'broken',
    gravity: gravityOfTrouble(trouble),
    code: trouble.code,
    severity: 'error',
    message: trouble.message,
    advice: [],
  };
};

const withoutResponder: Rule = ({ report, staple, facts }) => {
  const missing = report?.missingResponder;
  // The operator of a PKI may sign staples for certificates that name no responder.
  if (missing === undefined || staple?.isThere === true) return undefined;
  const isBroken = facts?.mustStaple === true;
  return {
    state: isBroken ? 'broken' : 'needs-nothing',
    gravity: isBroken ? 'noResponder' : 'success',
    code: 'no-responder',
    severity: isBroken ? 'error' : 'info',
    message: isBroken ? `${missing.message}; ${missing.hint}` : missing.message,
    advice: [],
  };
};

const refusals = {
  revoked: 'the certificate is revoked',
  unknown: 'the responder does not know the certificate',
} as const;

/** Whatever lies on disk, the CA says otherwise now. */
const refusedByResponder: Rule = ({ answer }) => {
  const kind = answer?.verdict?.kind;
  if (kind !== 'revoked' && kind !== 'unknown') return undefined;
  return {
    state: 'broken',
    gravity: kind,
    code: kind,
    severity: 'error',
    message: `${refusals[kind]}, says its responder now`,
    advice: [],
  };
};

/** The file that the server reads is missing, or is not a staple that it may send. */
const badStaple: Rule = (examined) => {
  const { staple, stapleReport, used, server, report } = examined;
  if (staple === undefined || stapleReport === undefined) return undefined;
  const { trouble, verdict } = stapleReport;
  if (!staple.isThere) {
    if (used.isFileOptional === true || report?.missingResponder !== undefined) return undefined;
    const message = `${server.name} is set to staple ${staple.file}, which does not exist`;
    return {
      state: 'broken',
      gravity: 'inputUnusable',
      code: 'response-missing',
      severity: 'error',
      message,
      advice: stapleAdvice(examined),
    };
  }
  if (verdict?.kind === 'revoked' || verdict?.kind === 'unknown') {
    const message = `${refusals[verdict.kind]}, says ${staple.file}`;
    const command = `restaple query ${shellWord(shownPath(used.certificate))}`;
    return {
      state: 'broken',
      gravity: verdict.kind,
      code: verdict.kind,
      severity: 'error',
      message,
      advice: [{ do: 'run', command }],
    };
  }
  if (trouble === undefined) return undefined;
  return {
    state: trouble.kind === 'error' && trouble.code === 'file-unreadable' ? 'unreadable' : 'broken',
    gravity: gravityOfReport(stapleReport),
    code: trouble.code,
    severity: 'error',
    message: trouble.message.startsWith(staple.file) ? trouble.message : `${staple.file}: ${trouble.message}`,
    advice: stapleAdvice(examined),
  };
};

/** There is a responder, and the server was given nothing to staple and does not fetch it either. */
const notSetUp: Rule = (examined) => {
  const { used, staple, report, handshakes } = examined;
  if (report === undefined || report.missingResponder !== undefined || used.ownFetching !== undefined) return undefined;
  if (used.noStapleFile === 'not-known' || used.cannotStaple !== undefined || used.isNamedByNoLine === true)
    return undefined;
  if (staple !== undefined && (staple.isThere || used.isFileOptional !== true)) return undefined;
  // Something else may have put it there, as over its socket. Of other servers a part of the configuration may be unread.
  if (handshakes.length > 0 && handshakes.every(({ outcome }) => outcome === 'served'))
    return examined.discoverer.readsBeside === true ? goneWithRestart(examined) : undefined;
  const fetchesItself = used.noStapleFile === 'not-taken';
  const what = fetchesItself ? 'to fetch its staple' : 'to staple for it';
  const message =
    staple === undefined
      ? `its responder is not used: the server is not set ${what}`
      : `its responder is not used: there is no staple at ${staple.file}`;
  const code = fetchesItself ? 'own-fetching-off' : 'not-configured';
  return notServedFor(code, message, staplePlaceAdvice(examined));
};

/** It is served, and no file has it: what somebody pushed lasts until the server starts again. */
function goneWithRestart(examined: Examination): Decision {
  const { staple, server } = examined;
  const where = staple === undefined ? 'reads no staple' : `looks for ${staple.file}, which does not exist,`;
  return {
    state: 'unrefreshed',
    gravity: 'success',
    code: 'nobody-refreshes',
    severity: 'warning',
    message: `it is served now, but ${server.name} ${where} when it starts: the staple is then gone`,
    advice: staplePlaceAdvice(examined),
  };
}

/** What lies on disk is right, and clients do not get it. */
const notServed: Rule = (examined) => {
  if (lacksResolver(examined)) return undefined;
  const { staple, used, server, handshakes, loaded, report } = examined;
  const isWithoutFile = used.noStapleFile === 'not-known' || used.isNamedByNoLine === true;
  if (staple?.isThere !== true && used.ownFetching === undefined && !isWithoutFile) return undefined;
  if (report?.missingResponder !== undefined && staple?.isThere !== true) return undefined;
  const wrong = handshakes.find(isWrong);
  if (wrong === undefined) return undefined;
  const place = `${wrong.place.host}:${wrong.place.port}`;
  const why =
    staple?.obstacle !== undefined
      ? `${server.name} may not read ${staple.file}: ${staple.obstacle}`
      : loaded?.certificate === 'none'
        ? `${server.name} has not loaded this file`
        : (wrong.message ?? 'the server sends something else');
  const isLookedFor = used.ifNothingStapled !== undefined && wrong.outcome === 'nothing-stapled';
  const message = `${place}: ${why}${isLookedFor ? `; ${used.ifNothingStapled}` : ''}`;
  const advice = used.isNamedByNoLine === true ? [] : [...readableAdvice(examined), ...stapleAdvice(examined)];
  return notServedFor(wrong.outcome, message, advice);
};

/** A setting of the server that does nothing as it is. */
const ownFetchingFails: Rule = (examined) => {
  const { used, loaded, report, handshakes } = examined;
  if (used.ownFetching === undefined || report === undefined || report.missingResponder !== undefined) return undefined;
  const { setting } = used.ownFetching;
  const isSeen = handshakes.some(({ outcome }) => outcome === 'served');
  const problem =
    lacksResolver(examined) && !isSeen
      ? 'there is no "resolver" with which it could find the responder by its name'
      : undefined;
  const failing = loaded?.ownFetching?.isFailing === true ? loaded.ownFetching.status : undefined;
  const why = problem ?? (failing === undefined ? undefined : `its last attempt failed: ${failing}`);
  if (why === undefined) return undefined;
  return notServedFor('own-fetching-fails', `"${setting}" does not work: ${why}`, settingAdvice(examined));
};

const unrefreshed: Rule = ({ refreshedBy, staple }, now) => {
  if (staple?.isThere !== true) return undefined;
  if (refreshedBy.some(({ isAtRenewalOnly }) => isAtRenewalOnly !== true)) return undefined;
  const only =
    refreshedBy[0] === undefined
      ? 'nobody refreshes it'
      : `nobody refreshes it after ${refreshedBy[0].where} has brought it at a renewal`;
  const end = staple.nextUpdate;
  const verb = end !== undefined && end < now ? 'ended' : 'ends';
  return {
    state: 'unrefreshed',
    gravity: 'success',
    code: 'nobody-refreshes',
    severity: 'warning',
    message: end === undefined ? only : `${only}, and it ${verb} at ${end.toISOString().replace('.000', '')}`,
    advice: [],
  };
};

function fineReason({ refreshedBy, handshakes, staple, server, loaded }: Examination, now: Date): string {
  const by = refreshedBy.map((one) => refresherText(one, server.name)).join(' and ');
  const isSeen = handshakes.some(({ outcome }) => outcome === 'served');
  const left =
    staple?.nextUpdate === undefined ? '' : `, ${formatDuration(staple.nextUpdate.getTime() - now.getTime())} left`;
  const seen = isSeen
    ? 'served'
    : server.pid === undefined
      ? 'not asked for, since the server does not run'
      : loaded?.staple === 'same'
        ? 'loaded by the server'
        : 'not seen on any port of this host';
  return `${seen}${by === '' ? '' : `, refreshed by ${by}`}${left}`;
}

/** `restaple (/etc/cron.d/restaple:1, 17 * * * *)`; the setting of the server itself. */
function refresherText({ by, where, when }: Refresher, server: string): string {
  const details = [...(by === server ? [] : [where]), ...(when === undefined ? [] : [when])];
  return `${by === server ? where : by}${details.length === 0 ? '' : ` (${details.join(', ')})`}`;
}
