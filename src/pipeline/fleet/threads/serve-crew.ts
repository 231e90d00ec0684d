import { createIssuerFinder } from '../../../source/issuer-finder.js';
import { createLeftovers } from '../../../store/leftovers.js';
import type { HttpClient } from '../../../transport/http-client.js';
import type { FetchTools } from '../../fetch/fetch-job.js';
import { observedClient } from '../../metrics/observed-client.js';
import { answerRefresh } from './answer-refresh.js';
import { answerScan } from './answer-scan.js';
import { createOutbox } from './outbox.js';
import { createRemoteGate } from './remote-gate.js';
import { pathFromElsewhere, type FromThread, type ThreadSetting, type ToThread } from './thread-message.js';

/** What a thread has of its own. */
export type ThreadTools = Pick<FetchTools, 'ownProcess' | 'now' | 'randomBytes'> & {
  readonly client: HttpClient;
  readonly post: (messages: readonly FromThread[]) => void;
  /** Told when the first thread needs this one no longer. */
  end(): void;
};

/** The work of a thread that helps with a fleet: hears what the first one says, and does it. */
export function serveCrew(setting: ThreadSetting, own: ThreadTools): (messages: readonly ToThread[]) => void {
  const outbox = createOutbox(own.post);
  const remote = createRemoteGate(outbox);
  const interrupt = new AbortController();
  const { client, ownProcess, now, randomBytes } = own;
  const issuers = setting.issuers.map((source) => ({ ...source, path: pathFromElsewhere(source.path) }));
  const paths = issuers.map(({ path }) => path);
  const onExchange = (host: string, milliseconds: number): void =>
    outbox.send({ kind: 'exchange', host, milliseconds });
  const tools: FetchTools = {
    client: setting.isObserved ? observedClient(client, onExchange) : client,
    gate: remote.gate,
    issuers: createIssuerFinder(paths, issuers),
    downloadedIssuers: new Map(),
    ownProcess,
    signal: interrupt.signal,
    now,
    randomBytes,
    leftovers: createLeftovers(),
  };
  // One question after the other, so that the first thread has answers and sends questions meanwhile.
  let scanned = Promise.resolve();
  const tellUse = (): void => {
    const positions = tools.issuers.takeUsed();
    if (positions.length > 0) outbox.sendNow({ kind: 'issuersUsed', positions });
  };
  const hear = (message: ToThread): void => {
    switch (message.kind) {
      case 'scan':
        scanned = scanned
          .then(() => answerScan(message, setting, tools))
          .then((answer) => {
            tellUse();
            outbox.sendNow(answer);
          })
          .catch(fail);
        break;
      case 'refresh':
        void answerRefresh(message, setting, tools)
          .then((answer) => {
            tellUse();
            outbox.send(answer);
          })
          .catch(fail);
        break;
      case 'entry':
        remote.hear(message.number, message.entry);
        break;
      case 'abort':
        interrupt.abort();
        break;
      case 'end':
        client.close();
        own.end();
        break;
    }
  };
  return (messages) => {
    for (const message of messages) hear(message);
  };
}

/** A bug, and the end of this thread, whatever Node is told to do with rejections: the first one will find the bug too. */
function fail(error: unknown): void {
  setImmediate(() => {
    throw error;
  });
}
