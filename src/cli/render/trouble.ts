import type { Responder } from '../../core/index.js';
import type { Trouble } from '../../pipeline/trouble.js';
import type { Output } from '../output.js';

type Said = Pick<Trouble, 'message' | 'hint'>;

/** The `error` of a JSON line. */
export function errorRecord({ code, message, hint }: Said & { readonly code: string }): Record<string, string> {
  return { code, message, hint };
}

/** The `warnings` of a JSON line, where there are any. */
export function warningsField(warnings: readonly string[]): { readonly warnings?: readonly string[] } {
  return warnings.length === 0 ? {} : { warnings };
}

/** The `responder` of a JSON line: who signed. */
export function responderRecord({ kind, name, keyHash }: Responder): Record<string, string> {
  return { kind, name, keyHash };
}

/** A line on stderr and its hint. */
export function sayTrouble(output: Output, prefix: string, { message, hint }: Said): void {
  output.say(`${prefix}${message}`);
  output.hint(hint);
}

/** The same under this name, unless the message itself begins with it, as those about a file do. */
export function sayTroubleOf(output: Output, name: string, trouble: Said): void {
  sayTrouble(output, trouble.message.startsWith(name) ? '' : `${name}: `, trouble);
}
