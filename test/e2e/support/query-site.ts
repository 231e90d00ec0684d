import { runRestaple, type RunOptions, type RunResult } from '../../support/run-program.js';
import type { Scene } from './fetch-scene.js';

/** What `query --json` says of one certificate. */
export interface QueryRecord {
  readonly certificate?: string;
  readonly subject?: string;
  readonly connection?: Readonly<Record<string, unknown>>;
  readonly verdict: string | null;
  readonly failure?: { readonly code: string };
  readonly responder?: Readonly<Record<string, unknown>>;
  readonly certId?: Readonly<Record<string, string>>;
  readonly thisUpdate?: string;
  readonly nextUpdate?: string | null;
  readonly findings?: readonly { readonly rule: string; readonly message: string }[];
  readonly probes?: readonly Readonly<Record<string, unknown>>[];
  readonly error?: { readonly code: string; readonly message: string; readonly hint: string };
  readonly [name: string]: unknown;
}

export interface QueryResult extends RunResult {
  readonly record: QueryRecord;
  readonly records: readonly QueryRecord[];
}

/** Runs `restaple query --json`, loopback allowed, one attempt of 5 s unless the words say otherwise. */
export async function queryJson(words: readonly string[], options: RunOptions = {}): Promise<QueryResult> {
  const result = await runRestaple(['query', '--json', ...withUsual(words)], options);
  const records = result.lines() as unknown as QueryRecord[];
  const [record] = records;
  if (record === undefined) throw new Error(`no record in:\n${result.stdout}\nstderr:\n${result.stderr}`);
  return { ...result, record, records };
}

/** The same about the scene's certificate. */
export function querySite(scene: Scene, flags: readonly string[] = [], options: RunOptions = {}): Promise<QueryResult> {
  return queryJson([...flags, scene.certificate], options);
}

/** Runs `restaple query` as a person in a pipe would. */
export function queryText(words: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  return runRestaple(['query', ...withUsual(words)], options);
}

const usualFlags = { '--retries': '0', '--timeout': '5s' };

/** The words with the usual values of what they do not give themselves. */
export function withUsual(words: readonly string[]): string[] {
  const missing = Object.entries(usualFlags).filter(([name]) => !words.includes(name));
  return ['--allow-private', ...missing.flat(), ...words];
}

export function rulesOf({ findings = [] }: QueryRecord): string[] {
  return findings.map(({ rule }) => rule);
}
