import type { Trouble } from '../../pipeline/trouble.js';
import type { Output } from '../output.js';

/** The `error` of a JSON line. */
export function errorRecord({ code, message, hint }: Pick<Trouble, 'message' | 'hint'> & { readonly code: string }): {
  code: string;
  message: string;
  hint: string;
} {
  return { code, message, hint };
}

/** A line on stderr and its hint. */
export function sayTrouble(output: Output, prefix: string, { message, hint }: Trouble): void {
  output.say(`${prefix}${message}`);
  output.hint(hint);
}
