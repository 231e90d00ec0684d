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
  const reader = createLuaReader(text);
  for (let token = reader.next(); token !== undefined; token = reader.next()) {
    if (token.kind !== 'name' || !names.has(token.text)) continue;
    const { line } = token;
    if (reader.peek()?.text !== '(') continue;
    reader.next();
    calls.push({ name: token.text, line, values: readValues(reader, ')', 0) });
  }
  return calls;
}

/** A piece of Lua. */
export interface LuaToken {
  readonly kind: 'name' | 'string' | 'number' | 'sign';
  readonly text: string;
  readonly line: number;
}

/** Reads the pieces of a text of Lua, without space and comments. */
interface Reader {
  peek(): LuaToken | undefined;
  next(): LuaToken | undefined;
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

function plainValue(token: LuaToken | undefined, reader: Reader, depth: number): LuaValue | typeof notPlain {
  const value = literalOf(token, reader, depth);
  // `"a"..name` has to be run.
  const after = reader.peek()?.text ?? '';
  return [',', ';', ')', '}'].includes(after) ? value : notPlain;
}

function literalOf(token: LuaToken | undefined, reader: Reader, depth: number): LuaValue | typeof notPlain {
  if (token?.kind === 'string') return token.text;
  if (token?.kind === 'number') return Number(token.text);
  if (token?.text === 'true' || token?.text === 'false') return token.text === 'true';
  if (token?.text === 'nil') return undefined;
  return token?.text === '{' ? (readEntries(reader, '}', depth + 1) ?? notPlain) : notPlain;
}

const pieces = [
  ['space', /\s+/y],
  ['comment', /--[^\n]*/y],
  // LuaJIT takes any octet beyond ASCII for a letter.
  ['name', /[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*/y],
  ['number', /(?:0[xX][\da-fA-F.]+(?:[pP][+-]?\d+)?|\d+(?:\.\d*)?(?:[eE][+-]?\d+)?)(?:[uU]?[lL]{2}|[iI](?!\w))?/y],
  ['sign', /::|\.\.\.|[^]/y],
] as const;

/** `[[` of a text, and `--[[` of a comment, with as many `=` as the end has. */
const longBracket = /(--)?\[(=*)\[/y;

export function createLuaReader(text: string): Reader {
  // As in a script of sh, the first line may be for the kernel.
  let at = /^#[^\n]*/.exec(text)?.[0].length ?? 0;
  let line = 1;
  let ahead: LuaToken | undefined;
  const move = (length: number): void => {
    for (const end = at + length; at < end; at += 1) if (text[at] === '\n') line += 1;
  };
  /** What begins here and does not end makes the rest no Lua. */
  const unended = (sign: string): LuaToken => {
    at = text.length;
    return { kind: 'sign', text: sign, line };
  };
  const read = (): LuaToken | undefined => {
    while (at < text.length) {
      const start = line;
      longBracket.lastIndex = at;
      const [opening, dashes, level = ''] = longBracket.exec(text) ?? [];
      if (opening !== undefined) {
        const from = at + opening.length;
        const to = text.indexOf(`]${level}]`, from);
        if (to < 0) return unended('[');
        move(to + level.length + 2 - at);
        if (dashes !== undefined) continue;
        return { kind: 'string', text: text.slice(from, to).replace(/^\n/, ''), line: start };
      }
      if (text[at] === '"' || text[at] === "'") {
        const end = quotedEnd(text, at);
        if (end === undefined) return unended(text[at] ?? '');
        const contents = text.slice(at + 1, end);
        move(end + 1 - at);
        return { kind: 'string', text: unescaped(contents), line: start };
      }
      for (const [kind, pattern] of pieces) {
        pattern.lastIndex = at;
        const found = pattern.exec(text);
        if (found === null) continue;
        move(found[0].length);
        if (kind === 'space' || kind === 'comment') break;
        return { kind, text: found[0], line: start };
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

/** Where a text ends that begins at a quote. By hand, since a pattern fills the stack with a text of megabytes. */
function quotedEnd(text: string, start: number): number | undefined {
  for (let at = start + 1; at < text.length && text[at] !== '\n'; at += text[at] === '\\' ? 2 : 1) {
    if (text[at] === text[start]) return at;
  }
  return undefined;
}

function unescaped(text: string): string {
  return text.replace(/\\([^])/g, (_all, one: string) => ({ n: '\n', t: '\t' })[one] ?? one);
}
