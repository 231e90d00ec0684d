import { EventEmitter } from 'node:events';
import type { HelperThread } from '../../../../src/pipeline/fleet/threads/crew.js';
import type { FromThread, ToThread } from '../../../../src/pipeline/fleet/threads/thread-message.js';

/** A thread that says what the test has it say. */
export class SlowThread extends EventEmitter implements HelperThread {
  readonly threadId = 7;
  readonly heard: ToThread[] = [];

  postMessage(messages: readonly ToThread[]): void {
    this.heard.push(...messages);
  }

  say(...messages: FromThread[]): void {
    this.emit('message', messages);
  }

  /** What it was told of one kind. */
  of<Kind extends ToThread['kind']>(kind: Kind): Extract<ToThread, { kind: Kind }>[] {
    return this.heard.filter((message): message is Extract<ToThread, { kind: Kind }> => message.kind === kind);
  }
}

/** Messages go out at the end of a turn of the event loop. */
export async function nextTurn(): Promise<void> {
  await new Promise((resolve) => {
    setImmediate(resolve);
  });
  await new Promise((resolve) => {
    setImmediate(resolve);
  });
}
