import { describe, expect, it } from 'vitest';
import { createRemoteGate } from '../../../../../src/pipeline/fleet/threads/remote-gate.js';
import type { FromThread } from '../../../../../src/pipeline/fleet/threads/thread-message.js';

const { signal } = new AbortController();

function startGate(): { said: FromThread[]; remote: ReturnType<typeof createRemoteGate> } {
  const said: FromThread[] = [];
  return {
    said,
    remote: createRemoteGate({ send: (message) => said.push(message), sendNow: (message) => said.push(message) }),
  };
}

describe('the gate as another thread sees it', () => {
  it('asks for each place, and gives it back under its number', async () => {
    const { said, remote } = startGate();
    const first = remote.gate.enter('ocsp.example', 250, signal);
    const second = remote.gate.enter('ocsp.example', 250, signal);
    expect(said).toEqual([
      { kind: 'enter', number: 1, host: 'ocsp.example', patience: 250 },
      { kind: 'enter', number: 2, host: 'ocsp.example', patience: 250 },
    ]);
    remote.hear(2, { kind: 'pass', heldMilliseconds: 30 });
    const entry = await second;
    expect(entry).toMatchObject({ kind: 'pass', heldMilliseconds: 30 });
    if (entry.kind === 'pass') entry.pass.leave('unanswered', 'refused');
    expect(said.at(-1)).toEqual({ kind: 'leave', number: 2, result: 'unanswered', reason: 'refused' });
    remote.hear(1, { kind: 'held', milliseconds: 60_000 });
    expect(await first).toEqual({ kind: 'held', milliseconds: 60_000 });
  });

  it('is interrupted by what the first thread says', async () => {
    const { remote } = startGate();
    const waiting = remote.gate.enter('ocsp.example', 250, signal);
    remote.hear(1, { kind: 'interrupted' });
    await expect(waiting).rejects.toMatchObject({ code: 'interrupted' });
  });

  it('passes on how long a responder wants to be left alone', () => {
    const { said, remote } = startGate();
    remote.gate.holdOff('ocsp.example', 5000);
    expect(said).toEqual([{ kind: 'holdOff', host: 'ocsp.example', milliseconds: 5000 }]);
  });
});
