import {
  Composer,
  LineCounter,
  Parser,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type CST,
  type Document,
  type ErrorCode,
  type Node,
  type YAMLError,
} from 'yaml';
import { ConfigurationError, type Problem } from './configuration-error.js';

/** A text of the file as it is written there, quotes removed: `5` and `true` are texts, as on the command line. */
export interface LocatedText {
  readonly kind: 'text';
  readonly line: number;
  readonly text: string;
}

export interface LocatedList {
  readonly kind: 'list';
  readonly line: number;
  readonly items: readonly LocatedValue[];
}

export interface LocatedMapping {
  readonly kind: 'mapping';
  readonly line: number;
  readonly entries: ReadonlyMap<string, { readonly line: number; readonly value: LocatedValue }>;
}

/** A value of a YAML file and the line where it begins. */
export type LocatedValue = LocatedText | LocatedList | LocatedMapping;

/** The schema is four levels deep; YAML's composer calls itself for each level. */
const maximumDepth = 16;

/** Aliases that are followed, those behind aliases again each time: a few lines of aliases can mean billions of values. */
const maximumAliases = 1000;

/**
 * Reads one YAML 1.2 document whose scalars are all texts (the failsafe schema): no tags, no key twice, aliases bounded.
 *
 * @param file for the messages
 * @returns an empty mapping for a file without contents
 * @throws ConfigurationError with every mistake that the parser found
 */
export function parseLocatedYaml(file: string, text: string): LocatedValue {
  const lines = new LineCounter();
  const tokens = [...new Parser(lines.addNewLine).parse(text)];
  refuseDepth(file, tokens, lines);
  const composer = new Composer({ schema: 'failsafe', stringKeys: true, logLevel: 'silent', merge: false });
  const documents = [...composer.compose(tokens, true, text.length)];
  const [document] = documents;
  if (document === undefined) return { kind: 'mapping', line: 1, entries: new Map() };
  const problems = problemsOf(documents, lines);
  if (problems.length > 0) throw new ConfigurationError(file, problems);
  return locate(file, document, lines);
}

/** The value without its lines: texts, lists, and objects without a prototype. */
export function plainValueOf(located: LocatedValue): unknown {
  switch (located.kind) {
    case 'text':
      return located.text;
    case 'list':
      return located.items.map(plainValueOf);
    case 'mapping': {
      const plain = Object.create(null) as Record<string, unknown>;
      for (const [key, { value }] of located.entries) plain[key] = plainValueOf(value);
      return plain;
    }
  }
}

/** Iterative, as the parser is: what is too deep must be found before the composer, which is not, meets it. */
function refuseDepth(file: string, tokens: readonly CST.Token[], lines: LineCounter): void {
  let level: readonly CST.Token[] = tokens;
  for (let depth = 0; level.length > 0; depth += 1) {
    const [first] = level;
    if (depth > maximumDepth && first !== undefined) {
      const { line } = lines.linePos(first.offset);
      throw new ConfigurationError(file, [{ line, text: `nested deeper than ${maximumDepth} levels` }]);
    }
    level = level.flatMap(childrenOf);
  }
}

function childrenOf(token: CST.Token): CST.Token[] {
  if (token.type === 'document') return token.value === undefined ? [] : [token.value];
  if (!('items' in token)) return [];
  return token.items.flatMap(({ key, value }) => [key, value].filter((one) => one !== null && one !== undefined));
}

function problemsOf(documents: readonly Document[], lines: LineCounter): Problem[] {
  const problems = documents
    .flatMap(({ errors, warnings }) => [...errors, ...warnings])
    .map((one) => problem(one, lines));
  const second = documents[1];
  if (second === undefined) return problems;
  const { line } = lines.linePos(second.range?.[0] ?? 0);
  return [...problems, { line, text: 'a second document begins, expected one document' }];
}

/** The parser's words are short enough where ours would say the same. */
const ownWords: Partial<Record<ErrorCode, string>> = {
  DUPLICATE_KEY: 'this key is there twice, expected each key once',
  TAB_AS_INDENT: 'a tab indents this line, expected spaces',
  NON_STRING_KEY: 'this key is no text, expected the name of a setting',
  TAG_RESOLVE_FAILED: 'a YAML tag, expected a plain value: tags are not taken',
};

function problem({ code, message, pos }: YAMLError, lines: LineCounter): Problem {
  const { line, col } = lines.linePos(pos[0]);
  const words = ownWords[code] ?? `${message.charAt(0).toLowerCase()}${message.slice(1)} (column ${col})`;
  return { line, text: `not valid YAML: ${words}` };
}

function locate(file: string, document: Document, lines: LineCounter): LocatedValue {
  const problems: Problem[] = [];
  let aliases = 0;
  const lineOf = (node: Node): number => lines.linePos(node.range?.[0] ?? 0).line;
  const refuse = (node: Node, text: string): LocatedText => {
    problems.push({ line: lineOf(node), text });
    return { kind: 'text', line: lineOf(node), text: '' };
  };
  const visit = (node: Node, depth: number, name: string): LocatedValue => {
    aliases += isAlias(node) ? 1 : 0;
    if (aliases > maximumAliases || depth > maximumDepth) {
      throw new ConfigurationError(file, [
        { line: lineOf(node), text: `more than ${maximumAliases} aliases, or aliases within aliases` },
      ]);
    }
    if (isAlias(node)) {
      const target = node.resolve(document);
      return target === undefined
        ? refuse(node, `the alias *${node.source} leads nowhere`)
        : visit(target, depth + 1, name);
    }
    if (node.tag !== undefined) return refuse(node, 'a YAML tag, expected a plain value: tags are not taken');
    const line = lineOf(node);
    if (isSeq<Node>(node)) {
      return { kind: 'list', line, items: node.items.map((item) => visit(item, depth + 1, `an item of ${name}`)) };
    }
    if (isMap<Node, Node>(node)) {
      const entries = new Map<string, { line: number; value: LocatedValue }>();
      for (const { key, value } of node.items) {
        const text = isScalar(key) ? String(key.value) : '';
        entries.set(text, {
          line: lineOf(key),
          value: value === null ? refuse(key, emptyText(text)) : visit(value, depth + 1, text),
        });
      }
      return { kind: 'mapping', line, entries };
    }
    if (!isScalar(node) || typeof node.value !== 'string') return refuse(node, 'expected a text');
    // Not quoted, these are YAML's ways to say nothing, and none of them is meant as a file of that name.
    if (node.type === 'PLAIN' && /^(?:~|null|Null|NULL|)$/.test(node.value)) return refuse(node, emptyText(name));
    return { kind: 'text', line, text: node.value };
  };
  const { contents } = document;
  if (contents === null || (isScalar(contents) && contents.source === '' && contents.type === 'PLAIN')) {
    return { kind: 'mapping', line: 1, entries: new Map() };
  }
  const value = visit(contents, 0, 'the file');
  if (problems.length > 0) throw new ConfigurationError(file, problems);
  return value;
}

function emptyText(name: string): string {
  return `${name} has no value, expected one; leave it out, or write "" or [] for an empty one`;
}
