// @module-tag buildah
import { execFile } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { ICronJob } from 'kubernetes-models/batch/v1/CronJob';
import { expect, it } from 'vitest';
import { parse } from 'yaml';

import { projectFolder } from '../../support/run-program.js';
import { withTemporaryFolder } from '../../support/temporary-folder.js';
import { packagingFile } from '../packaging-files.js';

const { version } = JSON.parse(readFileSync(join(projectFolder, 'package.json'), 'utf8')) as { version: string };

it('the image runs the command of the CronJob with its environment, without root', async () => {
  const buildah = async (...words: string[]): Promise<string> =>
    (await promisify(execFile)('buildah', ['--storage-driver', 'vfs', ...words])).stdout.trim();
  const cronJob = parse(readFileSync(packagingFile('kubernetes', 'cronjob.yaml'), 'utf8')) as ICronJob;
  const job = cronJob.spec!.jobTemplate.spec!;
  const pod = job.template.spec!;
  const { command = [], args = [], env = [] } = pod.containers[0]!;
  const user = pod.securityContext!.runAsUser!;

  await withTemporaryFolder(async (folder) => {
    chmodSync(folder.path, 0o755);
    const fixture = (name: string): Buffer => readFileSync(join(projectFolder, 'fixtures', name));
    folder.write('certificates/server.pem', Buffer.concat([fixture('server.pem'), fixture('issuer.pem')]));
    folder.write('certificates/server.pem.ocsp', fixture('response-good.der'));
    folder.write('configuration/restaple.yaml', 'certificates: [/certificates]\n');
    mkdirSync(folder.at('runtime'), { mode: 0o700 });
    for (const name of ['certificates', 'runtime']) chownSync(folder.at(name), user, user);
    const volumes = ['configuration:/etc/restaple', 'certificates:/certificates', 'runtime:/run/user'];
    const container = await buildah('from', `localhost/restaple:${version}`);
    try {
      const totals = [];
      for (let index = 0; index < job.completions!; index++) {
        const variables = [...env, { name: 'JOB_COMPLETION_INDEX', value: String(index) }];
        const said = await buildah(
          ...['run', '--isolation', 'chroot', '--user', `${user}:${user}`],
          ...volumes.flatMap((volume) => ['--volume', folder.at(volume)]),
          ...variables.flatMap(({ name, value }) => ['--env', `${name}=${value}`]),
          ...[container, '--', ...command, ...args, '--json', '--at', '2030-01-01T00:00:00Z'],
        );
        const { summary } = JSON.parse(said.split('\n').at(-1) ?? '') as { summary: Record<string, unknown> };
        expect(summary['fresh']).toBe(summary['total']);
        totals.push(summary['total']);
      }
      // The one certificate belongs to one of the shards.
      expect(totals.sort()).toEqual([0, 0, 0, 1]);
    } finally {
      await buildah('rm', container);
    }
  });
});
