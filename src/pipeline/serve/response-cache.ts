import type { CertId } from '../../core/index.js';
import { renewalTimeOf, type SignedAnswer } from './answer.js';

/** Clients that ask for the same ask for one certificate; larger answers would let anybody fill the memory. */
const maximumCertIds = 4;

/** Signed answers without nonce, for the clients that ask the same; the one not asked for longest goes first. */
export class ResponseCache {
  readonly #answers = new Map<string, SignedAnswer>();
  readonly #capacity: number;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** The answer to the same CertIDs until it is to be signed anew. */
  find(certIds: readonly CertId[], now: Date): SignedAnswer | undefined {
    const key = keyOf(certIds);
    const answer = this.#answers.get(key);
    this.#answers.delete(key);
    if (answer === undefined || !isYoung(answer, now)) return undefined;
    this.#answers.set(key, answer);
    return answer;
  }

  /** Keeps an answer of ours, unless it is about more than a few certificates. */
  keep(certIds: readonly CertId[], answer: SignedAnswer): void {
    if (this.#capacity < 1 || certIds.length > maximumCertIds) return;
    const [oldest] = this.#answers.keys();
    if (this.#answers.size >= this.#capacity && oldest !== undefined) this.#answers.delete(oldest);
    this.#answers.set(keyOf(certIds), answer);
  }

  /** Forgets everything: the source speaks anew. */
  clear(): void {
    this.#answers.clear();
  }
}

function isYoung(answer: SignedAnswer, now: Date): boolean {
  return answer.producedAt <= now && now < renewalTimeOf(answer);
}

/** The issuer is always ours: hash and serial number tell CertIDs apart. */
function keyOf(certIds: readonly CertId[]): string {
  return certIds.map(({ hashAlgorithm, serialNumber }) => `${hashAlgorithm}:${serialNumber}`).join();
}
