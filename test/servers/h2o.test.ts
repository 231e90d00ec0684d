// @module-tag h2o
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { decodeResponse, isResponse } from '../../src/core/index.js';
import { projectFolder } from '../support/run-program.js';
import type { Daemon } from '../support/servers/daemon.js';
import { freePort } from '../support/servers/free-port.js';
import { startH2o } from '../support/servers/h2o.js';
import { createServerScene, type ServerScene } from '../support/servers/server-scene.js';
import { probe } from '../support/servers/stapling-scene.js';

let scene: ServerScene;
let h2o: Daemon | undefined;

beforeEach(async () => {
  scene = await createServerScene();
});

afterEach(async () => {
  await h2o?.stop();
  await scene.clear();
});

describe('h2o', () => {
  it('staples what the command of the recipe fetches for it', async () => {
    const site = scene.issue('site');
    const port = await freePort();
    const restaple = `${process.execPath} ${join(projectFolder, 'bin/run.js')}`;
    // As docs/servers.md has it, but for the responder on loopback.
    const command = scene.folder.write(
      'h2o-staple',
      `#!/bin/sh\nexec ${restaple} fetch --out - --allow-private "$1"\n`,
      0o755,
    );
    h2o = await startH2o({ folder: scene.folder.path, port, chain: site.certificate, key: site.key, command });
    const served = async () => (await probe(port, { serverName: 'site.example' })).staple;
    await expect.poll(served, { timeout: 20_000 }).toBeDefined();
    const response = decodeResponse((await served())!);
    expect(isResponse(response) && response.status).toBe('successful');
    expect(scene.responder.requests).toHaveLength(1);
  });
});
