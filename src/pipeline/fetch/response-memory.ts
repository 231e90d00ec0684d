import { pathKey, type FilePath } from '../../core/file-path.js';
import type { ResponderAnswer } from '../../transport/ask-responder.js';

/** What the answers of a long-lived process said about asking again; without it every run asks by what is on disk. */
export interface ResponseMemory {
  /** Notes the caching headers of the answer that a staple came from, or that confirmed it. */
  remember(staple: FilePath, thisUpdate: Date, answer: ResponderAnswer, now: Date): void;
  /** The entity tag of the answer with this thisUpdate, where it had a usable one. */
  entityTag(staple: FilePath, thisUpdate: Date): string | undefined;
  /** Until when the responder has nothing newer, by its max-age; undefined where it did not say. */
  freshUntil(staple: FilePath, thisUpdate: Date): Date | undefined;
}

interface Remembered {
  readonly thisUpdate: number;
  readonly entityTag: string | undefined;
  readonly freshUntil: number | undefined;
}

/** Of staples whose answers had caching headers; the oldest are forgotten. */
const rememberedAtMost = 200_000;

export function createResponseMemory(): ResponseMemory {
  const known = new Map<string, Remembered>();
  const find = (staple: FilePath, thisUpdate: Date): Remembered | undefined => {
    const found = known.get(pathKey(staple));
    return found?.thisUpdate === thisUpdate.getTime() ? found : undefined;
  };
  return {
    remember(staple, thisUpdate, { headers }, now) {
      const entityTag = entityTagIn(headers['etag']);
      const freshUntil = freshUntilBy(headers, now);
      const key = pathKey(staple);
      known.delete(key);
      if (entityTag === undefined && freshUntil === undefined) return;
      known.set(key, { thisUpdate: thisUpdate.getTime(), entityTag, freshUntil });
      const [oldest] = known.keys();
      if (known.size > rememberedAtMost && oldest !== undefined) known.delete(oldest);
    },
    entityTag: (staple, thisUpdate) => find(staple, thisUpdate)?.entityTag,
    freshUntil: (staple, thisUpdate) => {
      const until = find(staple, thisUpdate)?.freshUntil;
      return until === undefined ? undefined : new Date(until);
    },
  };
}

/** RFC 9110 §8.8.3; what is not an entity tag is not sent back. */
function entityTagIn(header: string | undefined): string | undefined {
  return header !== undefined && header.length <= 256 && /^(?:W\/)?"[\x21\x23-\x7e]*"$/.test(header)
    ? header
    : undefined;
}

/** RFC 9111 §4.2: max-age less the age that the answer came with. */
export function freshUntilBy(headers: ResponderAnswer['headers'], now: Date): number | undefined {
  const control = (headers['cache-control'] ?? '').toLowerCase();
  if (/(?:^|[\s,])no-(?:store|cache)(?:[\s,=]|$)/.test(control)) return undefined;
  const seconds = /(?:^|[\s,])max-age=(\d{1,9})(?:[\s,]|$)/.exec(control)?.[1];
  if (seconds === undefined) return undefined;
  const age = /^\d{1,9}$/.test(headers['age'] ?? '') ? Number(headers['age']) : 0;
  return now.getTime() + Math.max(0, Number(seconds) - age) * 1000;
}
