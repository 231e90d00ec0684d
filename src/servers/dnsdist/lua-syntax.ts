import { createLuaReader, type LuaToken } from './lua-calls.js';

/** What is no Lua, and where. */
export interface LuaMistake {
  readonly line: number;
  readonly what: string;
}

const keywords: ReadonlySet<string> = new Set(
  'and break do else elseif end false for function goto if in local nil not or repeat return then true until while'.split(
    ' ',
  ),
);
const values: ReadonlySet<string> = new Set(['nil', 'true', 'false', 'end']);
const closers: Readonly<Record<string, string>> = {
  '(': ')',
  '[': ']',
  '{': '}',
  function: 'end',
  if: 'end',
  do: 'end',
  repeat: 'until',
};
const isCloser: ReadonlySet<string> = new Set(Object.values(closers));

/**
 * The first thing in a text that cannot be Lua, as far as words, brackets and blocks go: enough to tell a configuration from
 * something else, or from half of one.
 */
export function luaMistake(text: string): LuaMistake | undefined {
  const reader = createLuaReader(text);
  const open: { readonly closer: string; readonly opener: LuaToken }[] = [];
  let last: LuaToken | undefined;
  for (let token = reader.next(); token !== undefined; token = reader.next()) {
    const { line, kind, text: word } = token;
    if (last?.kind === 'sign' && last.text === ':' && kind !== 'name') {
      return { line: last.line, what: 'unexpected ":"' };
    }
    const isWord = kind === 'name' || kind === 'sign';
    if (kind === 'sign' && /[!$?@\\`"']/.test(word)) {
      return { line, what: /["']/.test(word) ? 'a text that begins here does not end' : `unexpected "${word}"` };
    }
    if (isWord && isCloser.has(word)) {
      const block = open.pop();
      if (block?.closer !== word) return { line, what: `unexpected "${word}"` };
    }
    if (kind === 'name' && !keywords.has(word) && beginsStatement(last)) {
      const next = reader.peek();
      if (next?.kind !== 'string' && !/^[.:[({=,]$/.test(next?.text ?? '')) {
        return { line, what: `unexpected text after "${word.slice(0, 40)}"` };
      }
    }
    const closer = isWord ? closers[word] : undefined;
    if (closer !== undefined) open.push({ closer, opener: token });
    last = token;
  }
  const block = open.at(-1);
  return block && { line: block.opener.line, what: `the "${block.opener.text}" here has no "${block.closer}"` };
}

/** A name after something that is complete starts a statement: nothing continues an expression so. */
function beginsStatement(last: LuaToken | undefined): boolean {
  if (last === undefined || last.kind === 'string' || last.kind === 'number') return true;
  if (last.kind === 'name') return !keywords.has(last.text) || values.has(last.text) || isBlockStart(last.text);
  return [')', ']', '}', ';', '...'].includes(last.text);
}

function isBlockStart(word: string): boolean {
  return ['do', 'then', 'else', 'repeat', 'break'].includes(word);
}
