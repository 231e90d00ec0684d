import { lifeFindings } from '../certificate-life.js';
import { readableAdvice } from './advice.js';
import type { DoctorFinding } from './doctor-report.js';
import { lacksResolver, type Examination } from './examine-certificate.js';
import { isWrong } from './handshakes.js';

/** What is worth saying of a certificate, and decides nothing. */
export function sideFindings(examined: Examination, now: Date): DoctorFinding[] {
  const { used, refreshedBy, handshakes, staple, server, facts } = examined;
  const findings: DoctorFinding[] = (used.remarks ?? []).map(({ message, hint = '' }) => ({
    code: 'setting',
    severity: 'warning',
    message: hint === '' ? message : `${message}; ${hint}`,
    advice: [],
  }));
  if (lacksResolver(examined) && handshakes.some(({ outcome }) => outcome === 'served')) {
    const message = `"${used.ownFetching?.setting ?? ''}" works only until the responder changes its addresses, which ${server.name} looked up when it started: add a "resolver"`;
    findings.push({ code: 'setting', severity: 'info', message, advice: [] });
  }
  const lasting = refreshedBy.filter(({ isAtRenewalOnly }) => isAtRenewalOnly !== true);
  if (new Set(lasting.map(({ by }) => by)).size > 1) {
    const names = lasting.map(({ by, where }) => `${by} (${where})`).join(' and ');
    const message = `${names} refresh the same staple: each overwrites what the other brought; keep one of them`;
    findings.push({ code: 'two-refreshers', severity: 'warning', message, advice: [] });
  }
  const unanswered = examined.answer?.trouble;
  if (unanswered !== undefined) {
    const message = `its responder, asked just now: ${unanswered.message}`;
    findings.push({ code: unanswered.code, severity: 'warning', message, advice: [] });
  }
  for (const { outcome, message = '' } of handshakes) {
    if (outcome === 'not-reached') findings.push({ code: 'not-reached', severity: 'warning', message, advice: [] });
  }
  // What is not served says so itself.
  if (staple?.obstacle !== undefined && !handshakes.some(isWrong)) {
    const message = `${server.name} may not be able to read ${staple.file} (${staple.obstacle})`;
    const advice = readableAdvice(examined);
    findings.push({ code: 'staple-unreadable-by-server', severity: 'warning', message, advice });
  }
  if (facts?.isIssuerKnown === false && (facts.ocspUris.length > 0 || staple?.isThere === true)) {
    const message =
      'its issuer is in no file beside it: restaple downloads it if the certificate names an address for that';
    findings.push({ code: 'issuer-not-found', severity: 'info', message, advice: [] });
  }
  return [...findings, ...expiry(examined, now)];
}

function expiry({ file }: Examination, now: Date): DoctorFinding[] {
  if (file === undefined) return [];
  return lifeFindings(file.certificate, now).map(({ rule, severity, message }) => ({
    code: rule,
    severity,
    message,
    advice: [],
  }));
}
