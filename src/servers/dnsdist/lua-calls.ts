/** A value of Lua that is written down: nothing that would have to be run. */
export type LuaValue = string | number | boolean | undefined | LuaTable;

export interface LuaTable {
  readonly items: readonly LuaValue[];
  readonly fields: ReadonlyMap<string, LuaValue>;
}

/** A call of a function by its name. */
export interface LuaCall {
  readonly name: string;
  readonly line: number;
  /** Undefined where one of them is not a plain value. */
  readonly values: readonly LuaValue[] | undefined;
}

/** Deeper than any option of dnsdist. */
const deepestTable = 8;

/** The calls of these functions in a text of Lua, whether they would be reached or not. */
export function luaCalls(text: string, names: ReadonlySet<string>): LuaCall[] {
  const calls: LuaCall[] = [];
  const reader = createReader(text);
  for (let token = reader.next(); token !== undefined; token = reader.next()) {
    if (token.kind !== 'name' || !names.has(token.text)) continue;
    const { line } = token;
    if (reader.peek()?.text !== '(') continue;
    reader.next();
    calls.push({ name: token.text, line, values: readValues(reader, ')', 0) });
  }
  return calls;
}

interface Token {
  readonly kind: 'name' | 'string' | 'number' | 'sign';
  readonly text: string;
  readonly line: number;
}

interface Reader {
  peek(): Token | undefined;
  next(): Token | undefined;
}

function readValues(reader: Reader, end: string, depth: number): LuaValue[] | undefined {
  const table = readEntries(reader, end, depth);
  return table === undefined ? undefined : [...table.items];
}

/** Up to the sign that ends them; undefined where something else stands there. */
function readEntries(reader: Reader, end: string, depth: number): LuaTable | undefined {
  const items: LuaValue[] = [];
  const fields = new Map<string, LuaValue>();
  for (;;) {
    const token = reader.next();
    if (token === undefined || depth > deepestTable) return undefined;
    if (token.kind === 'sign' && token.text === end) return { items, fields };
    if (token.kind === 'sign' && (token.text === ',' || token.text === ';')) continue;
    if (token.kind === 'name' && reader.peek()?.text === '=') {
      reader.next();
      const value = plainValue(reader.next(), reader, depth);
      if (value === notPlain) return undefined;
      fields.set(token.text, value);
      continue;
    }
    const value = plainValue(token, reader, depth);
    if (value === notPlain) return undefined;
    items.push(value);
  }
}

const notPlain = Symbol('not a plain value');

function plainValue(token: Token | undefined, reader: Reader, depth: number): LuaValue | typeof notPlain {
  const value = literalOf(token, reader, depth);
  // `"a"..name` has to be run.
  const after = reader.peek()?.text ?? '';
  return [',', ';', ')', '}'].includes(after) ? value : notPlain;
}

function literalOf(token: Token | undefined, reader: Reader, depth: number): LuaValue | typeof notPlain {
  if (token?.kind === 'string') return token.text;
  if (token?.kind === 'number') return Number(token.text);
  if (token?.text === 'true' || token?.text === 'false') return token.text === 'true';
  if (token?.text === 'nil') return undefined;
  return token?.text === '{' ? (readEntries(reader, '}', depth + 1) ?? notPlain) : notPlain;
}

const pieces = [
  ['space', /\s+/y],
  ['comment', /--\[(=*)\[[^]*?\]\1\]|--[^\n]*/y],
  ['long', /\[(=*)\[\n?([^]*?)\]\1\]/y],
  ['string', /"((?:[^"\\\n]|\\[^])*)"|'((?:[^'\\\n]|\\[^])*)'/y],
  ['name', /[A-Za-z_]\w*/y],
  ['number', /\d+(?:\.\d+)?/y],
  ['sign', /[^]/y],
] as const;

function createReader(text: string): Reader {
  let at = 0;
  let line = 1;
  let ahead: Token | undefined;
  const read = (): Token | undefined => {
    while (at < text.length) {
      for (const [kind, pattern] of pieces) {
        pattern.lastIndex = at;
        const found = pattern.exec(text);
        if (found === null) continue;
        const start = line;
        at += found[0].length;
        line += found[0].split('\n').length - 1;
        if (kind === 'space' || kind === 'comment') break;
        const contents =
          kind === 'string' ? unescaped(found[1] ?? found[2] ?? '') : kind === 'long' ? (found[2] ?? '') : found[0];
        return { kind: kind === 'long' ? 'string' : kind, text: contents, line: start };
      }
    }
    return undefined;
  };
  return {
    peek: () => (ahead ??= read()),
    next: () => {
      const token = ahead ?? read();
      ahead = undefined;
      return token;
    },
  };
}

function unescaped(text: string): string {
  return text.replace(/\\([^])/g, (_all, one: string) => ({ n: '\n', t: '\t' })[one] ?? one);
}
