import {
  Composer,
  LineCounter,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type Document,
  type ErrorCode,
  type Node,
  type Scalar,
  type YAMLError,
} from 'yaml';
import { yamlTokens } from '../../system/yaml-tokens.js';
import { ConfigurationError, type Problem } from './configuration-error.js';

/** What a YAML file says, and where. */
export interface YamlFile {
  /**
   * Lists, objects without a prototype, and texts as they are written there, quotes removed: `5` and `true` are texts, as
   * on the command line.
   */
  readonly value: unknown;
  /**
   * The line of what this path leads to, its key where it has one, or of the last thing on the way that is there. Of a
   * single value 0 is the value itself, as it is of a list the first one.
   */
  readonly lineOf: (path: readonly PropertyKey[]) => number;
  /** Mistakes that leave the rest readable. */
  readonly problems: readonly Problem[];
  /** The places of these mistakes: nothing there is a value. */
  readonly broken: readonly (readonly PropertyKey[])[];
}

/** The schema is four levels deep; YAML's composer calls itself for each level. */
const maximumDepth = 16;

/** Aliases that are followed, those behind aliases again each time: a few lines of aliases can mean billions of values. */
const maximumAliases = 1000;

/**
 * Reads one YAML 1.2 document whose scalars are all texts (the failsafe schema): no tags, no key twice, aliases bounded.
 * What can be read beside mistakes is.
 *
 * @param file for the messages
 * @returns an empty mapping for a file without contents
 * @throws ConfigurationError with every mistake that the parser found, where it cannot go on
 */
export function parseYaml(file: string, text: string): YamlFile {
  const lines = new LineCounter();
  const tokens = yamlTokens(text, maximumDepth, lines);
  if (!Array.isArray(tokens)) {
    const problem = { line: tokens.tooDeepAt, text: `nested deeper than ${maximumDepth} levels` };
    throw new ConfigurationError(file, [problem]);
  }
  const composer = new Composer({ schema: 'failsafe', stringKeys: true, logLevel: 'silent', merge: false });
  const documents = [...composer.compose(tokens, true, text.length)];
  const found = documentProblems(documents, lines);
  const mayGoOn = documents.every(({ errors, warnings }) =>
    [...errors, ...warnings].every(({ code }) => code === 'DUPLICATE_KEY'),
  );
  if (!mayGoOn || documents.length > 1) throw new ConfigurationError(file, found);
  const [document] = documents;
  const contents = document?.contents;
  if (document === undefined || !contents || (isScalar(contents) && contents.source === '' && isPlain(contents))) {
    return { value: {}, lineOf: () => 1, problems: found, broken: [] };
  }
  const { value, problems, broken } = plainValue(file, document, contents, lines);
  const lineOf: YamlFile['lineOf'] = (path) => lineIn(document, contents, path, lines);
  return { value, lineOf, problems: [...found, ...problems], broken };
}

function documentProblems(documents: readonly Document[], lines: LineCounter): Problem[] {
  const found = documents.flatMap(({ errors, warnings }) => [...errors, ...warnings]);
  const problems = found.map((one) => problem(one, lines));
  const [, second] = documents;
  if (second === undefined) return problems;
  return [...problems, { line: lineOfNode(second, lines), text: 'a second document begins, expected one document' }];
}

/** The parser's own words are short enough for the rest. */
const ownWords: Partial<Record<ErrorCode, string>> = {
  DUPLICATE_KEY: 'this key occurs twice, expected each key once',
  TAB_AS_INDENT: 'a tab indents this line, expected spaces',
  NON_STRING_KEY: 'this key is not text, expected the name of a setting',
  TAG_RESOLVE_FAILED: 'a YAML tag, expected a plain value: tags are not supported',
};

function problem({ code, message, pos }: YAMLError, lines: LineCounter): Problem {
  const { line, col } = lines.linePos(pos[0]);
  const words = ownWords[code] ?? `${message.charAt(0).toLowerCase()}${message.slice(1)} (column ${col})`;
  return { line, text: `not valid YAML: ${words}` };
}

function lineOfNode(node: Pick<Node | Document, 'range'>, lines: LineCounter): number {
  return lines.linePos(node.range?.[0] ?? 0).line;
}

/** The value of the document's nodes, all aliases followed, and what is not such a value. Throws ConfigurationError for too much. */
function plainValue(
  file: string,
  document: Document,
  contents: Node,
  lines: LineCounter,
): Pick<YamlFile, 'value' | 'problems' | 'broken'> {
  const problems: Problem[] = [];
  const broken: (readonly PropertyKey[])[] = [];
  let aliases = 0;
  type Path = readonly PropertyKey[];
  const refuse = (node: Node, path: Path, text: string): unknown => {
    problems.push({ line: lineOfNode(node, lines), text });
    broken.push(path);
    return undefined;
  };
  const visit = (node: Node, depth: number, name: string, path: Path): unknown => {
    aliases += isAlias(node) ? 1 : 0;
    if (aliases > maximumAliases || depth > maximumDepth) {
      const text = `more than ${maximumAliases} aliases, or aliases within aliases`;
      throw new ConfigurationError(file, [{ line: lineOfNode(node, lines), text }]);
    }
    if (isAlias(node)) {
      const target = node.resolve(document);
      if (target === undefined) return refuse(node, path, `the alias *${node.source} leads nowhere`);
      return visit(target, depth + 1, name, path);
    }
    if (node.tag !== undefined) return refuse(node, path, 'a YAML tag, expected a plain value: tags are not supported');
    if (isSeq<Node>(node))
      return node.items.map((item, index) => visit(item, depth + 1, `an item of ${name}`, [...path, index]));
    if (isMap<Scalar, Node>(node)) {
      const plain = Object.create(null) as Record<string, unknown>;
      for (const { key, value } of node.items) {
        const text = String(key.value);
        const here = [...path, text];
        plain[text] = value === null ? refuse(key, here, emptyText(text)) : visit(value, depth + 1, text, here);
      }
      return plain;
    }
    if (!isScalar(node) || typeof node.value !== 'string') return refuse(node, path, 'expected text');
    // Unquoted, these are YAML's spellings of null, never a file of that name.
    if (isPlain(node) && /^(?:~|null|Null|NULL|)$/.test(node.value)) return refuse(node, path, emptyText(name));
    return node.value;
  };
  const value = visit(contents, 0, 'the file', []);
  return { value, problems, broken };
}

function isPlain({ type }: Scalar): boolean {
  return type === 'PLAIN';
}

function emptyText(name: string): string {
  return `${name} has no value, expected one; leave it out, or write "" or [] for an empty one`;
}

function lineIn(document: Document, contents: Node, path: readonly PropertyKey[], lines: LineCounter): number {
  const resolved = (node: Node): Node => (isAlias(node) ? resolved(node.resolve(document) ?? contents) : node);
  let node = resolved(contents);
  let line = lineOfNode(node, lines);
  for (const part of path) {
    const pair = isMap<Scalar, Node>(node) ? node.items.find(({ key }) => key.value === part) : undefined;
    const isItself = typeof part === 'number' && !isMap(node);
    const value = isSeq<Node>(node) ? node.items[Number(part)] : isItself ? node : pair?.value;
    if (!value) return line;
    node = resolved(value);
    line = lineOfNode(pair?.key ?? node, lines);
  }
  return line;
}
