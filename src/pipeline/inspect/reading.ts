import { DerError, type DerReader } from '../../core/der/der.js';

/** What `read` returns, undefined where the bytes are not what they should be. */
export function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof DerError) return undefined;
    throw error;
  }
}

/** What is read of each member of a list; nothing where there is no list. */
export function readEach<Member>(list: DerReader | undefined, read: (list: DerReader) => Member): Member[] {
  const members: Member[] = [];
  while (list !== undefined && !list.isAtEnd) members.push(read(list));
  return members;
}

/** The line about something that may be absent. */
export function lineIfThere<Value>(value: Value | undefined, describe: (value: Value) => string): string[] {
  return value === undefined ? [] : [describe(value)];
}
