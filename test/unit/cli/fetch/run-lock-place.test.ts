import { mkdirSync, symlinkSync } from 'node:fs';
import { basename } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { defaultRunLockPath, runLockPlace } from '../../../../src/cli/fetch/run-lock-place.js';
import { OcspError } from '../../../../src/core/index.js';
import { createTemporaryFolder, type TemporaryFolder } from '../../../support/temporary-folder.js';

const user = 1000;
const session = { XDG_RUNTIME_DIR: '/run/user/1000' };

let folder: TemporaryFolder;
beforeEach(() => {
  folder = createTemporaryFolder();
});
afterEach(() => folder.remove());

const nameOf = (config: string): string => basename(defaultRunLockPath({}, 0, config));

function usageOf(action: () => unknown): OcspError {
  try {
    action();
  } catch (error) {
    if (error instanceof OcspError) return error;
    throw error;
  }
  throw new Error('it did not fail');
}

describe('the default place of the run lock', () => {
  it('is /run/restaple for root, whatever the environment says', () => {
    expect(defaultRunLockPath(session, 0, '/no/restaple.yaml')).toBe('/run/restaple/no-restaple.yaml.lock');
    expect(defaultRunLockPath({}, 0, '/no/restaple.yaml')).toBe('/run/restaple/no-restaple.yaml.lock');
  });

  it('is in the runtime folder of any other user', () => {
    const path = '/run/user/1000/restaple/no-restaple.yaml.lock';
    expect(defaultRunLockPath(session, user, '/no/restaple.yaml')).toBe(path);
  });

  it.each([{}, { XDG_RUNTIME_DIR: '' }, { XDG_RUNTIME_DIR: 'run' }])(
    'is nowhere with %j: --lock is needed',
    (environment) => {
      const { code, message, hint } = usageOf(() => defaultRunLockPath(environment, user, '/no/restaple.yaml'));
      expect(code).toBe('usage');
      expect(message).toContain('XDG_RUNTIME_DIR');
      expect(hint).toContain('--lock');
    },
  );

  it('is one for a configuration that is reached by two names', () => {
    const file = folder.write('a.yaml', '');
    symlinkSync(file, folder.at('b.yaml'));
    expect(nameOf(folder.at('b.yaml'))).toBe(nameOf(file));
  });

  it('differs between configurations, however alike their names look', () => {
    const paths = ['/no/a/b.yaml', '/no/a-b.yaml', '/no/a b.yaml', '/no/a%2db.yaml', '/no/a-b/.yaml', '/no/ä.yaml'];
    const names = paths.map(nameOf);
    expect(new Set(names).size).toBe(paths.length);
    for (const name of names) expect(name).toMatch(/^[\w.%-]+\.lock$/);
  });

  it('stays a file name that every file system takes', () => {
    const deep = `/no/${'x'.repeat(150)}/${'y'.repeat(150)}`;
    expect(nameOf(`${deep}/a`)).toMatch(/^[0-9a-f]{64}\.lock$/);
    expect(nameOf(`${deep}/a`)).not.toBe(nameOf(`${deep}/b`));
  });
});

describe('the place of the run lock', () => {
  it('is nowhere without --lock and without a configuration', () => {
    expect(runLockPlace({}, {}, user)).toBeUndefined();
  });

  it('is that of --lock first', () => {
    const place = runLockPlace({ lock: '/srv/a.lock', configPath: '/no/restaple.yaml' }, {}, user);
    expect(place).toEqual({ path: '/srv/a.lock', makesFolder: false });
  });

  it('has a folder to make only where it is the default one', () => {
    const made = (lock: string, uid: number): boolean | undefined => runLockPlace({ lock }, session, uid)?.makesFolder;
    mkdirSync(folder.at('restaple'));
    expect(made('/run/restaple/fleet.lock', 0)).toBe(true);
    expect(made('/run//restaple/fleet.lock', 0)).toBe(true);
    expect(made('/run/restaple/deeper/fleet.lock', 0)).toBe(false);
    expect(made('/run/restaple/fleet.lock', user)).toBe(false);
    expect(made('/run/user/1000/restaple/fleet.lock', user)).toBe(true);
    expect(runLockPlace({ configPath: '/no/restaple.yaml' }, {}, 0)?.makesFolder).toBe(true);
  });

  it.each(['', '/run/restaple/'])('is not "%s"', (lock) => {
    expect(usageOf(() => runLockPlace({ lock }, {}, 0)).code).toBe('usage');
  });
});
