import type { CertId } from '../../core/index.js';
import type { SignedAnswer } from './answer.js';

/** Signed answers without nonce, for the clients that ask the same. */
export interface ResponseCache {
  /** The answer to the same CertIDs while more than a quarter of its life is left. */
  find(certIds: readonly CertId[], now: Date): SignedAnswer | undefined;
  /** Keeps an answer of ours, unless it is about more than a few certificates. */
  keep(certIds: readonly CertId[], answer: SignedAnswer): void;
  /** Forgets everything: the source speaks anew. */
  clear(): void;
  readonly size: number;
}

/** Clients that ask for the same ask for one certificate; larger answers would let anybody fill the memory. */
const maximumCertIds = 4;

/** A cache of at most `capacity` answers; the one not asked for longest goes first. */
export function createResponseCache(capacity: number): ResponseCache {
  const answers = new Map<string, SignedAnswer>();
  return {
    find: (certIds, now) => {
      const key = keyOf(certIds);
      const answer = answers.get(key);
      if (answer === undefined) return undefined;
      answers.delete(key);
      if (!isYoung(answer, now)) return undefined;
      answers.set(key, answer);
      return answer;
    },
    keep: (certIds, answer) => {
      if (capacity < 1 || certIds.length > maximumCertIds) return;
      const [oldest] = answers.keys();
      if (answers.size >= capacity && oldest !== undefined) answers.delete(oldest);
      answers.set(keyOf(certIds), answer);
    },
    clear: () => answers.clear(),
    get size() {
      return answers.size;
    },
  };
}

/** Life begins with the signature: thisUpdate may be that of a CRL of long ago. */
function isYoung({ producedAt, nextUpdate }: SignedAnswer, now: Date): boolean {
  const quarter = (nextUpdate.getTime() - producedAt.getTime()) / 4;
  return producedAt <= now && now.getTime() < nextUpdate.getTime() - quarter;
}

/** The issuer is always ours: hash and serial number tell CertIDs apart. */
function keyOf(certIds: readonly CertId[]): string {
  return certIds.map(({ hashAlgorithm, serialNumber }) => `${hashAlgorithm}:${serialNumber}`).join();
}
