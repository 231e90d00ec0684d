import type { StatementStatus } from '../core/index.js';

/** Where the status of a CA's certificates comes from: fixed words, openssl's index.txt, or a CRL. */
export interface StatusSource {
  /** The status of a serial number (lower-case hex of its INTEGER contents) of this CA; `unknown` where the source does not know it. */
  statusOf(serialNumber: string): StatementStatus;
  /** When the source was made, where it says so (a CRL does): a response made from it is no newer. */
  readonly thisUpdate?: Date;
  /** When the source ends (a CRL's nextUpdate): a response made from it holds no longer. */
  readonly nextUpdate?: Date;
}

/** A source that says the same of every serial number. */
export function fixedStatus(status: StatementStatus): StatusSource {
  return { statusOf: () => status };
}
