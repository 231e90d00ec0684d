import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { runCommand, runRestaple } from '../support/run-program.js';
import { withTemporaryFolder, type TemporaryFolder } from '../support/temporary-folder.js';

/** Names that a script could trip over; the last one would leave a mark if it were run. */
const files = ['site.pem', 'a:b.pem', 'my cert.pem', "it's.pem", '$(touch mark).pem'];

/** The servers that need no more than their name, and all with a colon. */
const alone = ['nginx', 'hitch', 'lighttpd', 'exim', 'trafficserver'];
const targets = [...alone, ...[...alone, 'haproxy', 'dnsdist', 'systemd', 'exec'].map((name) => `${name}:`)];

interface Case {
  readonly typed: string;
  /** What the words are once Tab has completed the last one. */
  readonly becomes: readonly string[];
}

const unique: readonly Case[] = [
  { typed: 'fe', becomes: ['fetch'] },
  { typed: 'config ch', becomes: ['config', 'check'] },
  { typed: 'help config ch', becomes: ['help', 'config', 'check'] },
  { typed: 'help verif', becomes: ['help', 'verify'] },
  { typed: 'config check --conf', becomes: ['config', 'check', '--config'] },
  { typed: 'fetch --no-fetch', becomes: ['fetch', '--no-fetch-issuer'] },
  { typed: 'fetch --hash sha2', becomes: ['fetch', '--hash', 'sha256'] },
  { typed: 'fetch --hash=sha2', becomes: ['fetch', '--hash=sha256'] },
  { typed: 'fetch --accept-status good,', becomes: ['fetch', '--accept-status', 'good,revoked'] },
  { typed: 'generate --reason=key', becomes: ['generate', '--reason=keyCompromise'] },
  { typed: 'verify --for dns', becomes: ['verify', '--for', 'dnsdist'] },
  { typed: 'verify --crl au', becomes: ['verify', '--crl', 'auto'] },
  { typed: 'verify --crl si', becomes: ['verify', '--crl', 'site.pem'] },
  { typed: 'fetch si', becomes: ['fetch', 'site.pem'] },
  { typed: 'fetch --force si', becomes: ['fetch', '--force', 'site.pem'] },
  { typed: 'fetch my', becomes: ['fetch', 'my cert.pem'] },
  { typed: 'fetch it', becomes: ['fetch', "it's.pem"] },
  { typed: 'fetch a', becomes: ['fetch', 'a:b.pem'] },
  { typed: 'fetch --out my', becomes: ['fetch', '--out', 'my cert.pem'] },
  { typed: 'fetch --out=my', becomes: ['fetch', '--out=my cert.pem'] },
  { typed: 'fetch --config=my', becomes: ['fetch', '--config=my cert.pem'] },
  { typed: 'fetch --config "my', becomes: ['fetch', '--config', 'my cert.pem'] },
  { typed: String.raw`fetch \$`, becomes: ['fetch', '$(touch mark).pem'] },
  { typed: String.raw`fetch --out=\$`, becomes: ['fetch', '--out=$(touch mark).pem'] },
  { typed: String.raw`verify --crl \$`, becomes: ['verify', '--crl', '$(touch mark).pem'] },
  { typed: String.raw`fetch --reload=nginx:\$`, becomes: ['fetch', '--reload=nginx:$(touch mark).pem'] },
  { typed: 'verify --crl=my', becomes: ['verify', '--crl=my cert.pem'] },
  { typed: 'fetch folder/o', becomes: ['fetch', 'folder/other.pem'] },
  { typed: 'reload ha', becomes: ['reload', 'haproxy:'] },
  { typed: 'reload --out x dns', becomes: ['reload', '--out', 'x', 'dnsdist:'] },
  { typed: 'reload nginx:folder/o', becomes: ['reload', 'nginx:folder/other.pem'] },
  { typed: 'fetch --reload=hitch:folder/o', becomes: ['fetch', '--reload=hitch:folder/other.pem'] },
  { typed: 'reload nginx si', becomes: ['reload', 'nginx', 'site.pem'] },
  { typed: 'ocsp -issuer si', becomes: ['ocsp', '-issuer', 'site.pem'] },
  { typed: 'ocsp -respo', becomes: ['ocsp', '-respout'] },
  { typed: 'completion zs', becomes: ['completion', 'zsh'] },
];

/** Nothing is offered: the words stay as they are. */
const untouched: readonly Case[] = [
  { typed: 'fetch --timeout si', becomes: ['fetch', '--timeout', 'si'] },
  { typed: 'fetch --shard=si', becomes: ['fetch', '--shard=si'] },
  { typed: 'serve si', becomes: ['serve', 'si'] },
  { typed: 'reload dnsdist:folder/o', becomes: ['reload', 'dnsdist:folder/o'] },
  { typed: 'completion bash si', becomes: ['completion', 'bash', 'si'] },
  { typed: 'nothing si', becomes: ['nothing', 'si'] },
];

/** Everything that is offered takes the place of the last word. */
const lists: readonly Case[] = [
  { typed: 'fetch --hash ', becomes: ['fetch', '--hash', 'sha1', 'sha256'] },
  { typed: 'fetch --method ', becomes: ['fetch', '--method', 'post', 'get', 'auto'] },
  { typed: 'reload ', becomes: ['reload', ...targets] },
  { typed: 'config ', becomes: ['config', 'check', 'init'] },
  { typed: 'help co', becomes: ['help', 'completion', 'config'] },
  { typed: 'verify --certificate-', becomes: ['verify', '--certificate-warn', '--certificate-critical'] },
];

const insertAll = '\u001b*';

const bash = {
  packages: ['bash'],
  rc: (script: string) => `PS1=ready:; bind 'set bell-style none'; source ${script}`,
  command: (folder: TemporaryFolder) => ['bash', '--rcfile', folder.at('rc'), '-i'],
};

const interactive = {
  bash,
  'bash without : and = among its word breaks': {
    ...bash,
    rc: (script: string) => `${bash.rc(script)}; COMP_WORDBREAKS=\${COMP_WORDBREAKS//[:=]}`,
  },
  'bash with its package bash-completion': {
    ...bash,
    packages: ['bash', 'bash-completion'],
    rc: () => "PS1=ready:; bind 'set bell-style none'; source /usr/share/bash-completion/bash_completion",
  },
  zsh: {
    packages: ['zsh'],
    rc: () => `PS1=ready:; fpath=($PWD/.scripts $fpath); autoload -U compinit; compinit -u -D; unsetopt beep
      insert_all() { _main_complete; compstate[insert]=all; }
      zle -C insert-all complete-word insert_all; bindkey '\\e*' insert-all`,
    command: () => ['zsh', '-d', '-i'],
  },
};

describe.each(Object.entries(interactive))('Tab in %s', (_shell, { packages, rc, command }) => {
  it('completes words, values, files and targets, and runs nothing', { tags: [...packages, 'python3'] }, async () => {
    await withTemporaryFolder(async (folder) => {
      const cases = [
        ...[...unique, ...untouched].map((one) => ({ ...one, keys: '\t' })),
        ...lists.map((one) => ({ ...one, keys: insertAll })),
      ];
      await layOut(folder);
      folder.write('rc', `${rc(folder.at('.scripts', 'restaple'))}\n`);
      folder.write('.zshrc', `${rc('')}\n`);
      // Writes down what it is run with: once for each line, unless Tab runs it too.
      folder.write('.bin/restaple', `#!/bin/sh\n{ printf '%s\\0' "$@"; printf '\\1'; } >>"$RUNS"\n`, 0o755);
      const lines = [...cases.map(({ typed, keys }) => `restaple ${typed}${keys}\n`), 'exit\n'];
      const typing = join(import.meta.dirname, '..', 'support', 'type-in-terminal.py');
      const env = {
        PATH: `${folder.at('.bin')}:${process.env['PATH'] ?? ''}`,
        RUNS: folder.at('.runs'),
        HOME: folder.path,
        ZDOTDIR: folder.path,
        BASH_COMPLETION_USER_DIR: folder.at('.package'),
        TERM: 'dumb',
      };
      const { stdout } = await runCommand('/usr/bin/python3', [typing, 'ready:', ...command(folder)], {
        cwd: folder.path,
        env,
        input: JSON.stringify(lines),
      });
      const runs = readFileSync(folder.at('.runs'), 'utf8').split('\u0001').slice(0, -1);
      expect(existsSync(folder.at('mark'))).toBe(false);
      expect(runs.length, stdout).toBe(cases.length);
      for (const [index, { typed, becomes, keys }] of cases.entries()) {
        const words = runs[index]?.split('\0').slice(0, -1) ?? [];
        if (keys === '\t') expect(words, typed).toEqual(becomes);
        else expect(words.sort(), typed).toEqual([...becomes].sort());
      }
    });
  });
});

describe('Tab in fish', () => {
  const cases = [...unique, ...lists];

  it('completes words, values, files and targets', { tags: 'fish' }, async () => {
    await withTemporaryFolder(async (folder) => {
      await layOut(folder);
      for (const { typed, becomes } of cases) {
        const before = (typed.match(/\S+(?=\s)/g) ?? []).length;
        expect((await offeredByFish(folder, typed)).sort(), typed).toEqual(becomes.slice(before).sort());
      }
      for (const { typed } of untouched) expect(await offeredByFish(folder, typed), typed).toEqual([]);
    });
  });
});

describe('restaple completion', () => {
  it.each([[['completion']], [['completion', 'tcsh']], [['completion', 'bash', 'zsh']]])(
    '%j is wrong usage',
    async (words) => {
      expect(await runRestaple(words)).toMatchObject({ exitCode: 2, stdout: '' });
    },
  );

  it('says which shells there are', async () => {
    const { stderr } = await runRestaple(['completion', 'fihs']);
    expect(stderr).toBe(
      'restaple: "fihs" is not one of bash, zsh, fish\n  hint: did you mean fish? see: restaple completion --help\n',
    );
  });

  it('has the script as JSON too', async () => {
    const { stdout } = await runRestaple(['completion', 'fish']);
    const { lines } = await runRestaple(['completion', 'fish', '--json']);
    expect(lines()).toEqual([{ shell: 'fish', script: stdout }]);
  });
});

/** The files that are completed, and the scripts where each shell looks for them. */
async function layOut(folder: TemporaryFolder): Promise<void> {
  for (const name of [...files, 'folder/other.pem']) folder.write(name, '');
  for (const [shell, names] of [
    ['bash', ['.scripts/restaple', '.package/completions/restaple']],
    ['zsh', ['.scripts/_restaple']],
    ['fish', ['.scripts/restaple.fish']],
  ] as const) {
    const { exitCode, stdout } = await runRestaple(['completion', shell]);
    expect(exitCode).toBe(0);
    for (const name of names) folder.write(name, stdout);
  }
}

async function offeredByFish(folder: TemporaryFolder, typed: string): Promise<string[]> {
  const { stdout, stderr } = await runCommand(
    'fish',
    ['--no-config', '-c', 'source .scripts/restaple.fish; complete -C $argv[1]', `restaple ${typed}`],
    { cwd: folder.path, env: { HOME: folder.path, PATH: process.env['PATH'] } },
  );
  expect(stderr, typed).toBe('');
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.split('\t', 1)[0] ?? '');
}
