import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { toHex } from '../../src/core/bytes.js';
import { verifyResponse } from '../../src/core/index.js';
import { loadCorpus, ownVectors, sharedVectors, type Corpus, type VectorCase } from './corpus.js';
import { decisions, type Decision } from './disputed.js';
import { comparableFields, type FieldValues } from './fields.js';
import { certificatesOf, generatedRequest, outcomeOf, type Outcome } from './outcome.js';

const sharedNames = ['openssl', 'pyca', 'golang'];
const shared = sharedNames
  .map((name) => loadCorpus(join(sharedVectors, name), name))
  .filter((corpus) => corpus !== undefined);
const own = loadCorpus(ownVectors, 'fixtures');

if (!existsSync(sharedVectors)) {
  it('finds no public corpora in ../shared/vectors, so none of their cases runs', () => {
    expect(shared).toEqual([]);
  });
} else {
  it('finds the three public corpora with all their cases', () => {
    expect(shared.map(({ name, cases }) => [name, cases.length])).toEqual([
      ['openssl', 130],
      ['pyca', 35],
      ['golang', 13],
    ]);
  });
}

it('finds the corpus of the project itself', () => {
  expect(own?.cases.length).toBeGreaterThanOrEqual(13);
});

for (const corpus of own === undefined ? shared : [own, ...shared]) {
  describe(`corpus ${corpus.name}`, () => {
    for (const one of corpus.cases) it(titleOf(corpus, one), () => checkCase(corpus, one));
  });
}

function titleOf(corpus: Corpus, { id, kind, disputed, expect: { ok } }: VectorCase): string {
  if (disputed === true) return `decides the disputed ${kind} case ${corpus.name}/${id} as docs/vectors.md says`;
  if (ok === null) return `survives the ${kind} case ${corpus.name}/${id}`;
  return `${ok ? 'accepts' : 'refuses'} the ${kind} case ${corpus.name}/${id}`;
}

function checkCase(corpus: Corpus, one: VectorCase): void {
  const outcome = outcomeOf(corpus, one);
  const decision = decisions[`${corpus.name}/${one.id}`];
  if (one.disputed === true) {
    expect(decision, 'a disputed case needs a decision in disputed.ts').toBeDefined();
    checkDecision(outcome, decision!);
  } else {
    expect(decision, 'a case that is not disputed needs no decision').toBeUndefined();
    checkExpectation(outcome, one);
  }
  checkFields(outcome, one);
  if (one.expect.generateBytesEqual === true) {
    expect(toHex(generatedRequest(corpus, one))).toBe(toHex(corpus.read(one, 'request')));
  }
}

function checkDecision(outcome: Outcome, { accepted, because }: Decision): void {
  expect(outcome.ok).toBe(accepted);
  if (!outcome.ok) expect(outcome.reasons).toContain(because);
}

function checkExpectation(outcome: Outcome, { kind, expect: expected }: VectorCase): void {
  if (expected.ok === null) return;
  expect(outcome.ok, outcome.ok ? 'accepted' : `refused for ${outcome.reasons.join(', ')}`).toBe(expected.ok);
  if (outcome.ok) {
    if (kind === 'verify') expect(outcome.status).toBe(expected.status);
    return;
  }
  if (kind === 'cert') return;
  const fair = expected.errorAny ?? (expected.error === undefined ? [] : [expected.error]);
  expect(fair.length, 'the case names a reason').toBeGreaterThan(0);
  expect(
    outcome.reasons.some((reason) => fair.includes(reason)),
    `${outcome.reasons.join(', ')} is none of ${fair.join(', ')}`,
  ).toBe(true);
}

function checkFields(outcome: Outcome, { kind, expect: { fields } }: VectorCase): void {
  if (fields === undefined) return;
  if (kind === 'cert') expect(outcome.fields).toEqual({ ocspUris: fields['ocspUris'] ?? once(fields) });
  else expect(outcome.fields).toEqual(comparableFields(fields));
}

function once(fields: FieldValues): unknown {
  return [...new Set(fields['ocspUrisRaw'] as string[])];
}

describe('docs/vectors.md', () => {
  const page = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'vectors.md'), 'utf8');

  it('names every disputed case', () => {
    expect(Object.keys(decisions).filter((id) => !page.includes(`\`${id}\``))).toEqual([]);
  });

  it('names no case that is not disputed', () => {
    const named = [...page.matchAll(/^\| `([^`]+)`/gm)].map(([, id]) => id ?? '');
    expect(named.toSorted()).toEqual(Object.keys(decisions).toSorted());
  });
});

const golang = shared.find(({ name }) => name === 'golang');
const critical = golang?.cases.find(({ id }) => id === 'parse/ocspResponseWithCriticalExtension');
if (golang !== undefined && critical !== undefined) {
  it('refuses at verification the response with a critical extension that decoding shows', () => {
    const withFile = (role: 'issuer' | 'responder', file: string): VectorCase => ({
      ...critical,
      files: { [role]: file },
    });
    const [issuer] = certificatesOf(golang, withFile('issuer', 'issuer.pem'), 'issuer');
    const verdict = verifyResponse(golang.read(critical, 'response'), {
      subject: { serialNumber: '017f77deb3bcbb235d44ccc7dba62e72' },
      issuer: issuer!,
      trustedResponders: certificatesOf(golang, withFile('responder', 'responder.pem'), 'responder'),
      now: new Date('2016-01-04T17:01:00Z'),
      skewMilliseconds: 300_000,
      ignoreTimes: true,
    });
    expect(verdict).toMatchObject({ kind: 'invalid', failure: { code: 'critical-extension' } });
  });
}
