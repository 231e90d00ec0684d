import { readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { CronJob, type ICronJob } from 'kubernetes-models/batch/v1/CronJob';
import { beforeAll, describe, expect, it } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';

import { exitCodes } from '../../src/cli/exit/exit-code.js';
import { shardFrom } from '../../src/cli/flags/shard-value.js';
import ts from '../contract/typescript.js';
import { projectFolder } from '../support/run-program.js';
import { withTemporaryFolder } from '../support/temporary-folder.js';
import { packagingFile } from './packaging-files.js';

const text = readFileSync(packagingFile('kubernetes', 'cronjob.yaml'), 'utf8');
const documents = parseAllDocuments(text, { strict: true });
const cronJob = documents[0]?.toJS() as ICronJob;
const job = cronJob.spec!.jobTemplate.spec!;
const pod = job.template.spec!;
const container = pod.containers[0]!;
const mounts = container.volumeMounts!;
const variable = (name: string): string | undefined => container.env?.find((one) => one.name === name)?.value;

/** What the models of Kubernetes find wrong with each of these documents. */
async function mistakesIn(yamls: readonly string[]): Promise<Map<string, string>> {
  const ofTypes = await typeMistakesIn(yamls);
  return new Map(yamls.map((yaml, index) => [yaml, [...ofTypes[index]!, ...valueMistakesIn(yaml)].join('\n')]));
}

/** By TypeScript, which refuses a field that the type of a literal has not: the check of the package passes over it. */
async function typeMistakesIn(yamls: readonly string[]): Promise<string[][]> {
  return await withTemporaryFolder((folder) => {
    symlinkSync(join(projectFolder, 'node_modules'), folder.at('node_modules'));
    const files = yamls.map((yaml, index) => {
      const lines = [
        `import type { ICronJob } from 'kubernetes-models/batch/v1/CronJob';`,
        `export const cronJob: ICronJob = ${JSON.stringify(parse(yaml))};`,
      ];
      return folder.write(`${index}.mts`, lines.join('\n'));
    });
    const { NodeNext: module } = ts.ModuleKind;
    const program = ts.createProgram(files, { module, strict: true, noEmit: true, skipLibCheck: true, types: [] });
    return files.map((file) =>
      ts
        .getPreEmitDiagnostics(program, program.getSourceFile(file))
        .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, ' ')),
    );
  });
}

/** By the package, which knows whole numbers and quantities too. */
function valueMistakesIn(yaml: string): string[] {
  try {
    new CronJob(parse(yaml) as ICronJob).validate();
    return [];
  } catch (error) {
    return [(error as Error).message];
  }
}

describe('the CronJob by the models of Kubernetes', () => {
  const slips = [
    [
      'a misspelt field',
      'backoffLimitPerIndex: 2',
      'backoffLimitsPerIndex: 2',
      /"backoffLimitsPerIndex"' does not exist/,
    ],
    ['a field in the wrong place', 'restartPolicy: Never', 'parallelism: 4', /"parallelism"' does not exist/],
    ['a word that is not one of the field', 'action: FailIndex', 'action: FailShard', /"FailShard"/],
    ['text in place of a number', 'completions: 4', 'completions: four', /completions must be integer/],
    ['a number that is not whole', 'parallelism: 4', 'parallelism: 4.5', /parallelism must be integer/],
    ['a number in place of text', "value: '4'", 'value: 4', /value must be string/],
    ['a size that is none', 'memory: 128Mi', 'memory: lots', /memory must match/],
    ['a missing field', "schedule: '17 * * * *'", '', /required property schedule/],
  ] as const;
  let mistakes: Map<string, string>;

  beforeAll(async () => {
    mistakes = await mistakesIn([text, ...slips.map(([, right, wrong]) => text.replace(right, wrong))]);
  });

  it('has every field that is required, no other than they know, and values that they take', () => {
    expect(mistakes.get(text)).toBe('');
  });

  it.each(slips)('would not pass with %s', (_what, right, wrong, says) => {
    expect(mistakes.get(text.replace(right, wrong))).toMatch(says);
  });
});

describe('the indexed CronJob', () => {
  it('is one document without a complaint of the YAML parser', () => {
    expect(documents).toHaveLength(1);
    for (const { errors, warnings } of documents) expect([...errors, ...warnings]).toEqual([]);
    expect(cronJob).toMatchObject({ apiVersion: 'batch/v1', kind: 'CronJob' });
  });

  it('never runs twice at a time, and ends before the next is due', () => {
    expect(cronJob.spec).toMatchObject({ schedule: '17 * * * *', concurrencyPolicy: 'Forbid' });
    expect(job.activeDeadlineSeconds).toBeLessThan(3600);
  });

  it('gives each index its shard, and all shards to some index', () => {
    expect(job).toMatchObject({ completionMode: 'Indexed', parallelism: job.completions });
    const shards = Array.from({ length: job.completions! }, (_, index) =>
      shardFrom(undefined, {
        JOB_COMPLETION_INDEX: String(index),
        RESTAPLE_SHARD_COUNT: variable('RESTAPLE_SHARD_COUNT'),
      }),
    );
    expect(shards).toEqual(shards.map((_, index) => ({ index, count: job.completions })));
  });

  it('tries again what may pass by itself, each index for itself', () => {
    expect(pod.restartPolicy).toBe('Never');
    expect(job).toMatchObject({ backoffLimitPerIndex: 2, maxFailedIndexes: job.completions });
    const [disruption, final] = job.podFailurePolicy!.rules;
    expect(disruption).toEqual({ action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] });
    const { usage, revoked, unknown, notBelieved, outsideValidity, inputUnusable, noResponder } = exitCodes;
    const values = [usage, revoked, unknown, notBelieved, outsideValidity, inputUnusable, noResponder];
    expect(final).toEqual({
      action: 'FailIndex',
      onExitCodes: { containerName: container.name, operator: 'In', values: values.sort((a, b) => a - b) },
    });
  });

  it('runs without rights', () => {
    expect(pod.securityContext).toMatchObject({ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } });
    expect(pod.automountServiceAccountToken).toBe(false);
    expect(container.securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
  });

  it('mounts what it names, and has a place of its own for the lock', () => {
    const named = mounts.map(({ name }) => name);
    expect(pod.volumes?.map(({ name }) => name)).toEqual(named);
    const runtime = mounts.find(({ mountPath }) => mountPath === variable('XDG_RUNTIME_DIR'));
    expect(pod.volumes?.find(({ name }) => name === runtime?.name)).toHaveProperty('emptyDir');
    const configuration = container.args?.at(container.args.indexOf('--config') + 1) ?? '';
    expect(mounts.some(({ mountPath }) => configuration.startsWith(`${mountPath}/`))).toBe(true);
  });
});
