import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Node, SourceFile } from 'typescript';

import { projectFolder } from '../support/run-program.js';
import ts from './typescript.js';

/** A file of `src`, parsed: the contract tests read what is written, not what a bundler made of it. */
export interface ParsedFile {
  /** Below `src`, with slashes: `core/der/der.ts`. */
  readonly name: string;
  readonly text: string;
  readonly lines: number;
  readonly tree: SourceFile;
}

/** Every file of `src`, parsed once a process. */
export function sourceFiles(): readonly ParsedFile[] {
  return (files ??= parseFiles());
}

let files: readonly ParsedFile[] | undefined;

function parseFiles(): ParsedFile[] {
  const folder = join(projectFolder, 'src');
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .sort()
    .map((name) => parseFile(join(folder, name), name));
}

export function parseFile(path: string, name = path): ParsedFile {
  const text = readFileSync(path, 'utf8');
  const tree = ts.createSourceFile(name, text, ts.ScriptTarget.ESNext, true);
  return { name, text, lines: text.trimEnd().split('\n').length, tree };
}

/** Every node of a file, each before those below it. */
export function nodesOf({ tree }: ParsedFile): readonly Node[] {
  const known = nodes.get(tree);
  if (known !== undefined) return known;
  const found: Node[] = [];
  const visit = (node: Node): void => {
    found.push(node);
    ts.forEachChild(node, visit);
  };
  visit(tree);
  nodes.set(tree, found);
  return found;
}

/** One walk through a file is enough for all that is asked about it. */
const nodes = new WeakMap<SourceFile, readonly Node[]>();

/** What a file imports: static, re-exported, type-only (`import('x').Y` too) and dynamic. */
export function importsOf(file: ParsedFile): string[] {
  const found: string[] = [];
  for (const node of nodesOf(file)) {
    if ((ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) && node.moduleSpecifier !== undefined) {
      found.push(literalOf(node.moduleSpecifier, file));
    } else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      found.push(literalOf(node.arguments[0], file));
    } else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) {
      found.push(literalOf(node.argument.literal, file));
    }
  }
  return found;
}

function literalOf(node: Node | undefined, file: ParsedFile): string {
  if (node !== undefined && ts.isStringLiteralLike(node)) return node.text;
  throw new Error(`${file.name}: an import whose module is not a string literal cannot be checked`);
}
