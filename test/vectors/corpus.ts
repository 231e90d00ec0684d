import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FieldValues } from './fields.js';

/** One case of a corpus, as its `cases.json` writes it. */
export interface VectorCase {
  readonly id: string;
  readonly kind: 'verify' | 'parse-response' | 'parse-request' | 'cert';
  readonly files: Readonly<Partial<Record<FileRole, string>>>;
  /** Unix time. */
  readonly at: number | null;
  /** Hex; stands in for a certificate that the suite does not have. */
  readonly serial?: string;
  readonly checkUpdateTimes?: boolean;
  readonly disputed?: boolean;
  readonly expect: {
    readonly ok: boolean | null;
    readonly status?: 'good' | 'revoked' | 'unknown' | null;
    readonly error?: string;
    readonly errorAny?: readonly string[];
    readonly fields?: FieldValues;
    readonly generateBytesEqual?: boolean;
  };
}

export type FileRole = 'response' | 'request' | 'cert' | 'issuer' | 'ca' | 'other' | 'responder';

export interface Corpus {
  readonly name: string;
  readonly cases: readonly VectorCase[];
  /** The bytes of a file of this case. */
  readonly read: (one: VectorCase, role: FileRole) => Uint8Array;
}

const projectRoot = join(import.meta.dirname, '..', '..');

/** Where the three public corpora lie; they are not part of the project. */
export const sharedVectors = join(projectRoot, '..', 'shared', 'vectors');

/** The project's own corpus. */
export const ownVectors = join(projectRoot, 'fixtures', 'vectors');

/** The corpus in a folder, or undefined where there is none. */
export function loadCorpus(folder: string, name: string): Corpus | undefined {
  const path = join(folder, 'cases.json');
  if (!existsSync(path)) return undefined;
  return {
    name,
    cases: JSON.parse(readFileSync(path, 'utf8')) as readonly VectorCase[],
    read: (one, role) => {
      const file = one.files[role];
      if (file === undefined) throw new Error(`${one.id} has no file ${role}`);
      return readFileSync(join(folder, file));
    },
  };
}
