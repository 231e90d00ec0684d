/** The way to another thread. */
export interface Outbox<Message> {
  /** At once, for what keeps a thread at work that has few turns of its event loop. */
  readonly sendNow: (message: Message) => void;
  /** With the other messages of this turn of the event loop, since each post wakes the other thread up. */
  readonly send: (message: Message) => void;
}

export function createOutbox<Message>(post: (messages: readonly Message[]) => void): Outbox<Message> {
  let waiting: Message[] = [];
  const flush = (): void => {
    const messages = waiting;
    waiting = [];
    post(messages);
  };
  return {
    sendNow: (message) => post([message]),
    send(message) {
      if (waiting.length === 0) setImmediate(flush);
      waiting.push(message);
    },
  };
}
