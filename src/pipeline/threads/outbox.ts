/** Collects messages for another thread: those of one turn of the event loop go as one, since each post wakes it up. */
export interface Outbox<Message> {
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
    send(message) {
      if (waiting.length === 0) setImmediate(flush);
      waiting.push(message);
    },
  };
}
