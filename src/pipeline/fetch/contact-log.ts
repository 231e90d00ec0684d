import type { ResponderAnswer } from '../../transport/ask-responder.js';
import type { ResponderContact } from './outcome.js';
import { definedOnly } from '../../core/defined-only.js';

/** Gathers what all attempts for one certificate came to. */
export interface ContactLog {
  answered(url: string, answer: ResponderAnswer): void;
  failed(url: string, method: 'get' | 'post', milliseconds: number): void;
  result(): { readonly contact?: ResponderContact; readonly warnings: readonly string[] };
}

export function startContactLog(): ContactLog {
  let contact: ResponderContact | undefined;
  const warnings = new Set<string>();
  const add = (url: string, method: 'get' | 'post', milliseconds: number): void => {
    contact = {
      url,
      method,
      milliseconds: Math.round((contact?.milliseconds ?? 0) + milliseconds),
      attempts: (contact?.attempts ?? 0) + 1,
    };
  };
  return {
    answered: (url, { method, milliseconds, warnings: more }) => {
      add(url, method, milliseconds);
      for (const warning of more) warnings.add(warning);
    },
    failed: add,
    result: () => definedOnly({ contact, warnings: [...warnings] }),
  };
}
