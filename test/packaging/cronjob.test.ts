import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';

import { exitCodes } from '../../src/cli/exit/exit-code.js';
import { shardFrom } from '../../src/cli/flags/shard-value.js';
import { packagingFile } from './packaging-files.js';

interface Container {
  readonly name: string;
  readonly command: readonly string[];
  readonly args: readonly string[];
  readonly env: readonly { readonly name: string; readonly value: string }[];
  readonly securityContext: Readonly<Record<string, unknown>>;
  readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[];
}

interface PodSpec {
  readonly restartPolicy: string;
  readonly automountServiceAccountToken: boolean;
  readonly securityContext: Readonly<Record<string, unknown>>;
  readonly containers: readonly Container[];
  readonly volumes: readonly Readonly<Record<string, unknown>>[];
}

interface JobSpec extends Readonly<Record<string, unknown>> {
  readonly completions: number;
  readonly podFailurePolicy: { readonly rules: readonly Readonly<Record<string, unknown>>[] };
  readonly template: { readonly spec: PodSpec };
}

interface CronJob {
  readonly apiVersion: string;
  readonly kind: string;
  readonly spec: Readonly<Record<string, unknown>> & { readonly jobTemplate: { readonly spec: JobSpec } };
}

const documents = parseAllDocuments(readFileSync(packagingFile('kubernetes', 'cronjob.yaml'), 'utf8'), {
  strict: true,
});
const cronJob = documents[0]?.toJS() as CronJob;
const job = cronJob.spec.jobTemplate.spec;
const pod = job.template.spec;
const container = pod.containers[0]!;
const variable = (name: string): string | undefined => container.env.find((one) => one.name === name)?.value;

describe('the indexed CronJob', () => {
  it('is one document without a complaint of the YAML parser', () => {
    expect(documents).toHaveLength(1);
    for (const { errors, warnings } of documents) expect([...errors, ...warnings]).toEqual([]);
    expect(cronJob).toMatchObject({ apiVersion: 'batch/v1', kind: 'CronJob' });
  });

  it('never runs twice at a time, and ends before the next is due', () => {
    expect(cronJob.spec).toMatchObject({ schedule: '17 * * * *', concurrencyPolicy: 'Forbid' });
    expect(job['activeDeadlineSeconds']).toBeLessThan(3600);
  });

  it('gives each index its shard, and all shards to some index', () => {
    expect(job).toMatchObject({ completionMode: 'Indexed', parallelism: job.completions });
    const shards = Array.from({ length: job.completions }, (_, index) =>
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
    const [disruption, final] = job.podFailurePolicy.rules;
    expect(disruption).toEqual({ action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget' }] });
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
    const named = container.volumeMounts.map(({ name }) => name);
    expect(pod.volumes.map(({ name }) => name)).toEqual(named);
    const runtime = container.volumeMounts.find(({ mountPath }) => mountPath === variable('XDG_RUNTIME_DIR'));
    expect(pod.volumes.find(({ name }) => name === runtime?.name)).toHaveProperty('emptyDir');
    const configuration = container.args[container.args.indexOf('--config') + 1] ?? '';
    expect(container.volumeMounts.some(({ mountPath }) => configuration.startsWith(`${mountPath}/`))).toBe(true);
  });
});
