import { Parser, type CST, type LineCounter } from 'yaml';

/**
 * The tokens of a text of YAML, or the line where it is nested deeper than this. The parser is iterative, as this is; the
 * composer is not, so that what is too deep must be found before.
 */
export function yamlTokens(
  text: string,
  maximumDepth: number,
  lines: LineCounter,
): CST.Token[] | { readonly tooDeepAt: number } {
  const tokens = [...new Parser(lines.addNewLine).parse(text)];
  let level: readonly CST.Token[] = tokens;
  for (let depth = 0; level.length > 0; depth += 1) {
    const [first] = level;
    if (depth > maximumDepth && first !== undefined) return { tooDeepAt: lines.linePos(first.offset).line };
    level = level.flatMap(childrenOf);
  }
  return tokens;
}

function childrenOf(token: CST.Token): CST.Token[] {
  if (token.type === 'document') return token.value === undefined ? [] : [token.value];
  if (!('items' in token)) return [];
  return token.items.flatMap(({ key, value }) => [key, value].filter((one) => one !== null && one !== undefined));
}
