import { hostOfUrl } from '../../transport/target-url.js';
import type { DueCertificate } from '../fetch/fetch-job.js';
import type { Outcome } from '../fetch/outcome.js';

/** A certificate that waits for its turn: its place in the list, and what was read of it while there is room for that. */
export interface DueEntry {
  readonly position: number;
  readonly due?: DueCertificate;
}

/** What decides when a certificate has its turn. */
export interface Turn {
  readonly mustStaple: boolean;
  /** Host and port of the responder that is asked first. */
  readonly host: string;
}

/** What the files tell about the certificate at a place of the list. */
export type Scanned =
  | { readonly kind: 'settled'; readonly position: number; readonly outcome: Outcome }
  | { readonly kind: 'due'; readonly position: number; readonly turn: Turn; readonly due?: DueCertificate };

/** The certificates of a run that have to be asked for. */
export type DueQueue = ReturnType<typeof createDueQueue>;

/** This many certificates are kept as they were read; of a larger fleet the rest is read again. */
const keptAtMost = 1024;

type Lane = Map<string, number[]>;

/** The turn of a certificate that was read. */
export function turnOf({ file, responders }: DueCertificate): Turn {
  return { mustStaple: file.certificate.mustStaple, host: hostOfUrl(responders.urls[0] ?? '') };
}

export function createDueQueue() {
  const urgent: Lane = new Map();
  const ordinary: Lane = new Map();
  const kept = new Map<number, DueCertificate>();
  let size = 0;
  return {
    size: () => size,
    /** In any order; `due` is what was read of the certificate, if that is at hand. */
    add(position: number, { mustStaple, host }: Turn, due?: DueCertificate): void {
      size += 1;
      const lane = mustStaple ? urgent : ordinary;
      const waiting = lane.get(host);
      if (waiting === undefined) lane.set(host, [position]);
      else waiting.push(position);
      if (due !== undefined && kept.size < keptAtMost) kept.set(position, due);
    },
    /** Must-Staple certificates first, then the others; of each kind the responders in turn, so that none keeps the others waiting. */
    *take(): Generator<DueEntry> {
      for (const lane of [urgent, ordinary]) {
        for (const waiting of lane.values()) waiting.sort((a, b) => a - b);
        for (const position of inTurn(lane)) {
          const due = kept.get(position);
          kept.delete(position);
          yield due === undefined ? { position } : { position, due };
        }
      }
    },
  };
}

function* inTurn(lane: Lane): Generator<number> {
  for (let turn = 0; lane.size > 0; turn += 1) {
    for (const [host, waiting] of lane) {
      const position = waiting[turn];
      if (position === undefined) lane.delete(host);
      else yield position;
    }
  }
}
