import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';

import { describe, expect, it } from 'vitest';

import { holderOf, parseHolder, stateOfHolder } from '../../../src/store/lock-holder.js';
import { deadProcessId, lockText, ownProcess } from './support.js';

const self = holderOf(ownProcess);

describe('a lock holder', () => {
  it('is read back from what is written', () => {
    expect(parseHolder(Buffer.from(JSON.stringify(self)))).toEqual(self);
    expect(parseHolder(Buffer.from(lockText()))).toEqual(self);
  });

  it.each(['', '{', 'null', '[]', '{}', lockText({ pid: 0 }), lockText({ pid: -1 }), lockText({ pid: 1.5 })])(
    'is not read from %j',
    (text) => {
      expect(parseHolder(Buffer.from(text))).toBeUndefined();
    },
  );

  it('is not read where a field is missing or endless', () => {
    expect(parseHolder(Buffer.from(lockText({ host: undefined })))).toBeUndefined();
    expect(parseHolder(Buffer.from(lockText({ bootId: 'x'.repeat(1000) })))).toBeUndefined();
  });

  it('is alive when it is this process', () => {
    expect(stateOfHolder(self, ownProcess)).toBe('alive');
  });

  it('is dead when its process is gone', () => {
    expect(stateOfHolder({ ...self, pid: deadProcessId() }, ownProcess)).toBe('dead');
  });

  it('is dead when its process id now belongs to another process', () => {
    expect(stateOfHolder({ ...self, processStart: '1' }, ownProcess)).toBe('dead');
  });

  it('is dead when this host has booted since', () => {
    expect(stateOfHolder({ ...self, bootId: 'earlier' }, ownProcess)).toBe('dead');
  });

  it('cannot be judged from another host, another pid namespace, or without contents', () => {
    expect(stateOfHolder({ ...self, bootId: 'other', host: 'elsewhere' }, ownProcess)).toBe('unknowable');
    expect(stateOfHolder({ ...self, pidNamespace: 'pid:[1]' }, ownProcess)).toBe('unknowable');
    expect(stateOfHolder(undefined, ownProcess)).toBe('unknowable');
  });

  it('cannot be judged when only one of the two runs could read /proc', () => {
    const without = { processStart: '', bootId: '', pidNamespace: '' };
    expect(stateOfHolder({ ...self, ...without, pid: deadProcessId() }, ownProcess)).toBe('unknowable');
  });

  it('is dead when its process is a zombie that nobody waits for', async () => {
    // The shell becomes a sleep that never waits for the child it inherits.
    const parent = spawn('sh', ['-c', 'sleep 0.1 & echo $!; exec sleep 60'], { stdio: ['ignore', 'pipe', 'ignore'] });
    try {
      const pid = await new Promise<number>((resolve) => {
        parent.stdout.once('data', (chunk: Buffer) => resolve(Number(chunk.toString())));
      });
      const fields = () => {
        const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
        return text.slice(text.lastIndexOf(')') + 2).split(' ');
      };
      while (fields()[0] !== 'Z') await new Promise((resolve) => setTimeout(resolve, 5));
      const processStart = fields()[19] ?? '';
      expect(ownProcess.isProcessAlive(pid)).toBe(true);
      expect(stateOfHolder({ ...self, pid, processStart }, ownProcess)).toBe('dead');
    } finally {
      parent.kill('SIGKILL');
    }
  });
});
