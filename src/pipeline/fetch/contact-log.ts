import type { ResponderAnswer } from '../../transport/ask-responder.js';
import type { ResponderContact } from './outcome.js';
import { definedOnly } from '../../core/defined-only.js';

/** Gathers what all attempts for one certificate came to. */
export class ContactLog {
  private contact: ResponderContact | undefined;
  private readonly warnings = new Set<string>();

  add(url: string, attempt: Pick<ResponderAnswer, 'method' | 'milliseconds' | 'warnings'>): void {
    const { milliseconds = 0, attempts = 0 } = this.contact ?? {};
    const { method } = attempt;
    this.contact = {
      url,
      method,
      milliseconds: Math.round(milliseconds + attempt.milliseconds),
      attempts: attempts + 1,
    };
    for (const warning of attempt.warnings) this.warnings.add(warning);
  }

  result(): { readonly contact?: ResponderContact; readonly warnings: readonly string[] } {
    return definedOnly({ contact: this.contact, warnings: [...this.warnings] });
  }
}
