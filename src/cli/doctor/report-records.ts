import { shownPath } from '../../core/file-path.js';
import { definedOnly } from '../../core/defined-only.js';
import { doctorStates, type DoctorRecord, type DoctorReport } from '../../pipeline/doctor/doctor-report.js';
import { refreshAdvice } from '../../pipeline/doctor/refresh-advice.js';
import type { Output } from '../output.js';

/** One line a certificate, then one about the host. */
export function tellReportAsJson(report: DoctorReport, output: Output): void {
  for (const record of report.certificates) output.record(recordOf(record));
  const counts = doctorStates.map((state) => [state, report.certificates.filter((one) => one.state === state).length]);
  output.record({
    summary: {
      total: report.certificates.length,
      ...(Object.fromEntries(counts) as Record<string, number>),
      servers: report.servers,
      remarks: report.remarks,
      advice: refreshAdvice(report),
    },
  });
}

function recordOf(record: DoctorRecord): Record<string, unknown> {
  const { certificate, server, state, reason, facts, staple, pid, configuration, position } = record;
  const { ownFetching, loaded, handshakes, answer, refreshedBy, findings, target } = record;
  return definedOnly({
    certificate: certificate === undefined ? undefined : shownPath(certificate),
    server,
    state,
    reason,
    ...facts,
    staple,
    ownFetching,
    loaded,
    handshakes,
    answer,
    refreshedBy,
    pid,
    configuration,
    position,
    target,
    findings,
  });
}
