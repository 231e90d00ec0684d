import { shownPath } from '../../core/file-path.js';
import { formatDuration } from '../../core/time.js';
import type {
  AdviceStep,
  DoctorRecord,
  DoctorReport,
  DoctorState,
  StapleFacts,
} from '../../pipeline/doctor/doctor-report.js';
import { shownHostAndPort } from '../../system/network/host-and-port.js';
import { wrapCommand } from '../help/wrap.js';
import { escapeText } from '../render/escape-text.js';

/** What is said for people on a terminal and on a page alike; text from outside is not yet escaped. */

export function stateWords(state: DoctorState): string {
  return state.replaceAll('-', ' ').replace('must staple', 'Must-Staple');
}

type StapleTimes = Pick<StapleFacts, 'thisUpdate' | 'validUntil' | 'nextRefresh' | 'alertFrom'>;

/** The times of the staple's file, or of the staple that was served where there is no file. */
export function stapleTimes({ staple, handshakes }: DoctorRecord): StapleTimes {
  const known: readonly (StapleTimes | undefined)[] = [staple, ...handshakes];
  return known.find((times) => times?.validUntil !== undefined) ?? {};
}

/** Until the staple ends. */
export function timeLeft(record: DoctorRecord, now: Date): string {
  const { validUntil } = stapleTimes(record);
  if (validUntil === undefined) return '-';
  const left = validUntil.getTime() - now.getTime();
  return `${left < 0 ? '-' : ''}${formatDuration(Math.abs(left))}`;
}

/** The certificate's file; the port and the subject of one that was seen by a handshake only. */
export function recordName({ certificate, handshakes, facts }: DoctorRecord): string {
  if (certificate !== undefined) return shownPath(certificate);
  const [handshake] = handshakes;
  const place = handshake === undefined ? '' : shownHostAndPort(handshake.place);
  return `${place} ${facts?.subject ?? ''}`.trim();
}

/** A command of an advice in lines that can be pasted, escaped. */
export function commandLines(command: string, width: number): string[] {
  return wrapCommand(escapeText(command), width);
}

/** Where an edit goes, and what to do there. */
export function editWords({ file, line, note }: Extract<AdviceStep, { do: 'edit' }>): string {
  return `${line === undefined ? file : `${file}, line ${line}`}: ${note}`;
}

/** Of a report without certificates. That there is nothing to staple is known only where everything was read. */
export function nothingFound({ servers, remarks }: DoctorReport): string {
  const isNoneHere = servers.length === 0 && remarks.some(({ code }) => code === 'not-found');
  if (isNoneHere) return 'the server that was asked for was not found on this host';
  if (remarks.some(({ code }) => code === 'unreadable' || code === 'not-understood')) {
    return 'no certificate of a TLS server was found in what could be read';
  }
  const names = servers.map(({ name }) => name).join(', ');
  const what =
    names === ''
      ? 'no TLS server that doctor knows was found on this host'
      : `${names} on this host uses no certificate`;
  return `${what}, so there is nothing to staple`;
}
