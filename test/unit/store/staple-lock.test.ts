import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { replaceStaple } from '../../../src/store/write-staple.js';
import { runChild, startChild } from './start-child.js';
import {
  deadProcessId,
  dotFilesIn,
  errorOf,
  lockText,
  makeFolder,
  nobody,
  optionsFor,
  ownProcess,
  pretendedResponse,
  removeFolder,
  runsAsRoot,
} from './support.js';

const fresh = pretendedResponse('fresh');
const impatient = { lockWaitMilliseconds: 50 };

let folder = '';
let staple = '';
let lock = '';
beforeEach(() => {
  folder = makeFolder();
  staple = join(folder, 'a.ocsp');
  lock = join(folder, '.a.ocsp.restaple-lock');
});
afterEach(() => removeFolder(folder));

/** Makes the lock look as old as one of a run that ended long ago. */
function age(seconds: number): void {
  const time = Date.now() / 1000 - seconds;
  utimesSync(lock, time, time);
}

function startOf(pid: number): string {
  const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
  return text.slice(text.lastIndexOf(')') + 2).split(' ')[19] ?? '';
}

async function expectTakenOver(): Promise<void> {
  expect(await replaceStaple(optionsFor(staple, fresh, impatient))).toMatchObject({ written: true });
  expect(readdirSync(folder)).toEqual(['a.ocsp']);
}

async function expectLocked(): Promise<string> {
  const before = readFileSync(lock);
  const error = await errorOf(replaceStaple(optionsFor(staple, fresh, impatient)));
  expect(error.code).toBe('staple-locked');
  expect(existsSync(staple)).toBe(false);
  expect(readFileSync(lock)).toEqual(before);
  expect(dotFilesIn(folder)).toEqual(['.a.ocsp.restaple-lock']);
  return `${error.message}; ${error.hint}`;
}

describe('the lock of a staple', () => {
  it('names this process while it is held and is gone afterwards', async () => {
    let held = '';
    const decide = () => {
      held = readFileSync(lock, 'utf8');
      return 'write' as const;
    };
    await replaceStaple(optionsFor(staple, fresh, { decide }));
    expect(JSON.parse(held)).toEqual(JSON.parse(lockText()));
    expect(dotFilesIn(folder)).toEqual([]);
  });

  it('of a living process is waited for, and then named in the error', async () => {
    writeFileSync(lock, lockText());
    const words = await expectLocked();
    expect(words).toContain(`locked by process ${process.pid}`);
    expect(words).toContain(`remove ${lock}`);
  });

  it('is taken as soon as the holder lets go', async () => {
    writeFileSync(lock, lockText());
    setTimeout(() => unlinkSync(lock), 60);
    expect(await replaceStaple(optionsFor(staple, fresh))).toMatchObject({ written: true });
  });

  it('of another process that holds it is respected until that one is killed', async () => {
    const holder = startChild({ work: 'hold', path: staple });
    try {
      expect(await holder.firstLine).toBe('holding');
      expect((await errorOf(replaceStaple(optionsFor(staple, fresh, impatient)))).message).toContain(`${holder.pid}`);
    } finally {
      holder.kill();
    }
    await holder.ended;
    await expectTakenOver();
  });

  it('of a dead process is taken over', async () => {
    writeFileSync(lock, lockText({ pid: deadProcessId() }));
    await expectTakenOver();
  });

  it('of a process whose id was reused is taken over', async () => {
    writeFileSync(lock, lockText({ processStart: '1' }));
    await expectTakenOver();
  });

  it('from before a reboot is taken over', async () => {
    writeFileSync(lock, lockText({ bootId: 'earlier' }));
    await expectTakenOver();
  });

  it('without contents, of a run killed before it wrote them, is taken over after two seconds', async () => {
    writeFileSync(lock, '');
    age(-3600);
    expect(await expectLocked()).toContain('a run that cannot be named');
    age(3);
    await expectTakenOver();
  });

  it('without contents does not make a run fail that waits as long as usual', async () => {
    writeFileSync(lock, '');
    expect(await replaceStaple(optionsFor(staple, fresh))).toMatchObject({ written: true });
    expect(readFileSync(staple)).toEqual(Buffer.from(fresh));
  });

  it('with contents that name nobody is respected for a minute and then taken over', async () => {
    writeFileSync(lock, '{"pid":');
    expect(await expectLocked()).toContain('a run that cannot be named');
    age(30);
    await expectLocked();
    age(90);
    await expectTakenOver();
  });

  it('of another host or another container is respected for a minute and then taken over', async () => {
    for (const change of [{ bootId: 'other', host: 'elsewhere' }, { pidNamespace: 'pid:[1]' }]) {
      writeFileSync(lock, lockText(change));
      expect(await expectLocked()).toContain(`process ${process.pid} on`);
      age(90);
      await expectTakenOver();
      unlinkSync(staple);
    }
  });

  it('of a thread of this process is taken over once that is no more, and not before', async () => {
    writeFileSync(lock, lockText({ thread: 3 }));
    await expectLocked();
    const lostThreads = new Set([2]);
    const own = { ...ownProcess, lostThreads };
    const again = { ...impatient, ownProcess: own };
    expect((await errorOf(replaceStaple(optionsFor(staple, fresh, again)))).code).toBe('staple-locked');
    lostThreads.add(3);
    expect(await replaceStaple(optionsFor(staple, fresh, again))).toMatchObject({ written: true });
    expect(readdirSync(folder)).toEqual(['a.ocsp']);
  });

  it('of another process is not judged by the threads of this one', async () => {
    const child = startChild({ work: 'hold', path: staple });
    const own = { ...ownProcess, lostThreads: new Set([3]) };
    try {
      expect(await child.firstLine).toBe('holding');
      const text = JSON.parse(readFileSync(lock, 'utf8')) as object;
      writeFileSync(lock, JSON.stringify({ ...text, thread: 3 }));
      const error = await errorOf(replaceStaple(optionsFor(staple, fresh, { ...impatient, ownProcess: own })));
      expect(error.code).toBe('staple-locked');
    } finally {
      child.kill();
    }
    await child.ended;
  });

  it('of a living process is never taken over for its age', async () => {
    writeFileSync(lock, lockText());
    age(100_000);
    await expectLocked();
  });

  it('is taken over although a run died while it took it over', async () => {
    writeFileSync(lock, lockText({ pid: deadProcessId() }));
    writeFileSync(`${lock}-1`, lockText({ pid: deadProcessId() }));
    await expectTakenOver();
  });

  it('of another taker of the same dead lock is left alone', async () => {
    const dead = deadProcessId();
    writeFileSync(lock, lockText({ pid: dead }));
    // The question whether the holder lives is the gap between judgement and removal.
    const isProcessAlive = (pid: number) => {
      if (pid !== dead) return ownProcess.isProcessAlive(pid);
      unlinkSync(lock);
      writeFileSync(lock, lockText());
      return false;
    };
    const own = { ...ownProcess, isProcessAlive };
    const error = await errorOf(replaceStaple(optionsFor(staple, fresh, { ownProcess: own, ...impatient })));
    expect(error.code).toBe('staple-locked');
    expect(readFileSync(lock, 'utf8')).toBe(lockText());
    expect(dotFilesIn(folder)).toEqual(['.a.ocsp.restaple-lock']);
  });

  it('is removed only by the one taker that holds the lock of the next level', async () => {
    writeFileSync(lock, lockText({ pid: deadProcessId() }));
    const guarded: boolean[] = [];
    const isProcessAlive = () => {
      guarded.push(existsSync(`${lock}-1`));
      return false;
    };
    await replaceStaple(optionsFor(staple, fresh, { ownProcess: { ...ownProcess, isProcessAlive } }));
    expect(guarded).toEqual([false, true]);
    expect(readdirSync(folder)).toEqual(['a.ocsp']);
  });

  it('that is a planted link is refused, and its target stays', async () => {
    writeFileSync(join(folder, 'victim'), lockText({ pid: deadProcessId() }));
    symlinkSync('victim', lock);
    expect((await errorOf(replaceStaple(optionsFor(staple, fresh)))).code).toBe('staple-unsafe');
    expect(readFileSync(join(folder, 'victim'), 'utf8')).toContain('pid');
    expect(dotFilesIn(folder)).toEqual(['.a.ocsp.restaple-lock']);
  });

  it('that is a folder is refused', async () => {
    mkdirSync(lock);
    expect((await errorOf(replaceStaple(optionsFor(staple, fresh)))).code).toBe('staple-unsafe');
  });

  it.runIf(runsAsRoot)('of another user is not waited for where it names a process that is not theirs', async () => {
    for (const pid of [1, process.pid]) {
      for (const level of ['', '-1', '-2']) {
        writeFileSync(`${lock}${level}`, lockText({ pid, processStart: startOf(pid) }));
        chownSync(`${lock}${level}`, nobody, nobody);
      }
      age(-3600);
      await expectTakenOver();
      unlinkSync(staple);
    }
  });

  it.runIf(runsAsRoot)('of another user is waited for while a process of theirs holds it', async () => {
    const options = { uid: nobody, gid: nobody, stdio: 'ignore' } as const;
    const other = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 60_000)'], options);
    try {
      await once(other, 'spawn');
      const pid = other.pid ?? 0;
      writeFileSync(lock, lockText({ pid, processStart: startOf(pid) }));
      chownSync(lock, nobody, nobody);
      expect(await expectLocked()).toContain(`locked by process ${pid}`);
    } finally {
      other.kill('SIGKILL');
      await once(other, 'exit');
    }
    await expectTakenOver();
  });

  it.runIf(runsAsRoot)("of another user is refused, and root's is waited for", async () => {
    chownSync(folder, nobody, nobody);
    writeFileSync(lock, lockText(), { mode: 0o600 });
    const job = { work: 'replace', path: staple, ...impatient } as const;
    expect((await runChild(job, nobody)).code).toBe('staple-locked');
    chownSync(lock, 1234, 1234);
    expect(await runChild(job, nobody)).toMatchObject({ code: 'staple-unsafe' });
    expect(existsSync(staple)).toBe(false);
  });
});

describe('a lock that is taken away during the write', () => {
  it('makes the write start over', async () => {
    let calls = 0;
    const decide = () => {
      if (calls++ === 0) unlinkSync(lock);
      return 'write' as const;
    };
    expect(await replaceStaple(optionsFor(staple, fresh, { decide }))).toMatchObject({ written: true });
    expect(calls).toBe(2);
    expect(dotFilesIn(folder)).toEqual([]);
  });

  it('leaves the staple and the lock of the other run alone', async () => {
    const decide = () => {
      unlinkSync(lock);
      writeFileSync(lock, lockText());
      return 'write' as const;
    };
    const error = await errorOf(replaceStaple(optionsFor(staple, fresh, { decide, ...impatient })));
    expect(error.code).toBe('staple-locked');
    expect(existsSync(staple)).toBe(false);
    expect(readFileSync(lock, 'utf8')).toBe(lockText());
    expect(dotFilesIn(folder)).toEqual(['.a.ocsp.restaple-lock']);
  });

  it('ends in an error when it happens again and again', async () => {
    const decide = () => {
      unlinkSync(lock);
      return 'write' as const;
    };
    expect((await errorOf(replaceStaple(optionsFor(staple, fresh, { decide })))).code).toBe('staple-locked');
    expect(readdirSync(folder)).toEqual([]);
  });
});
