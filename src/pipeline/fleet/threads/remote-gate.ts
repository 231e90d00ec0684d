import { OcspError } from '../../../core/ocsp-error.js';
import type { GateEntry, GatePass, ResponderGate } from '../../../transport/responder-gate.js';
import type { Outbox } from './outbox.js';
import type { EntryElsewhere, FromThread } from './thread-message.js';

interface Waiting {
  readonly host: string;
  resolve(entry: GateEntry): void;
  reject(error: OcspError): void;
}

/** The gate of the first thread as another one sees it, which asks that one for each place: the limits of a run hold over all its threads. An abort is heard there too. */
export function createRemoteGate({ send }: Outbox<FromThread>) {
  const waiting = new Map<number, Waiting>();
  let last = 0;
  const passFor = (number: number): GatePass => ({
    leave: (result, reason = '') => send({ kind: 'leave', number, result, reason }),
  });
  const gate: ResponderGate = {
    enter(host, patience) {
      last += 1;
      const number = last;
      return new Promise((resolve, reject) => {
        waiting.set(number, { host, resolve, reject });
        send({ kind: 'enter', number, host, patience });
      });
    },
    holdOff(host, milliseconds) {
      send({ kind: 'holdOff', host, milliseconds });
    },
    reopen() {
      throw new TypeError('what is asked again when all are through is for the first thread to say');
    },
  };
  return {
    gate,
    /** The first thread's answer to an `enter`. */
    hear(number: number, entry: EntryElsewhere): void {
      const waiter = waiting.get(number);
      waiting.delete(number);
      if (waiter === undefined) return;
      if (entry.kind === 'interrupted') {
        waiter.reject(new OcspError('interrupted', `interrupted while waiting to ask ${waiter.host}`));
      } else if (entry.kind === 'pass') {
        waiter.resolve({ ...entry, pass: passFor(number) });
      } else {
        waiter.resolve(entry);
      }
    },
  };
}
