import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { settingAdvice, stapleAdvice, staplePlaceAdvice } from '../../src/pipeline/doctor/advice.js';
import type { AdviceStep } from '../../src/pipeline/doctor/doctor-report.js';
import { refreshAdvice } from '../../src/pipeline/doctor/refresh-advice.js';
import { inventedReport, server, subjectOf } from '../support/invented-host.js';
import { projectFolder } from '../support/run-program.js';

/** The situation of each recipe in the README: a server, a certificate, and what its configuration has of its staple. */
const dnsdist = server('dnsdist', 5, '/etc/dnsdist/dnsdist.conf', 'dnsdist:127.0.0.1:5199');
const situations = [
  [server('haproxy', 1, '/etc/haproxy/haproxy.cfg', 'haproxy:/run/haproxy/admin.sock'), 'haproxy/certs/site', 443],
  [server('nginx', 2, '/etc/nginx/nginx.conf', 'nginx'), 'nginx/certs/site', 443],
  [server('hitch', 3, '/etc/hitch/hitch.conf', 'hitch'), 'hitch/site', 443],
  [server('lighttpd', 4, '/etc/lighttpd/lighttpd.conf', 'lighttpd'), 'lighttpd/certs/site', 443],
  [{ ...dnsdist, keyFile: '/etc/dnsdist/console.key' }, 'dnsdist/dot', 853],
] as const;

const subjects = situations.map(([found, name, port]) => {
  const certificate = `/etc/${name}.pem`;
  const used = { places: [{ host: '127.0.0.1', port }], position: { file: found.configurations[0] ?? '', line: 1 } };
  // haproxy reads what lies beside the certificate without being told.
  const beside = found.name === 'haproxy' ? { stapleFile: `${certificate}.ocsp` } : {};
  return subjectOf(found, certificate, { ...used, ...beside });
});

const page = (name: string): string => readFileSync(join(projectFolder, name), 'utf8');

/** Each command by itself, whatever is on one line with it. */
function commandsOf(steps: readonly AdviceStep[]): string[] {
  return steps.flatMap((step) => (step.do === 'run' ? step.command.split(' && ') : []));
}

/** The first block of shell under a heading. */
function recipeUnder(heading: string, text: string): string[] {
  const [, block = ''] = new RegExp(`^#+ ${heading}$[^]*?^\`\`\`sh\n([^]*?)^\`\`\``, 'm').exec(text) ?? [];
  return block.trimEnd().split('\n');
}

describe('the recipes of the README', () => {
  it.each(subjects.map((subject) => [subject.server.name, subject] as const))(
    'for %s are the advice of doctor, but for the proof',
    (name, subject) => {
      const lines = recipeUnder(name, page('README.md'));
      const comments = lines.filter((line) => line.startsWith('#')).join('\n');
      const advice = staplePlaceAdvice(subject);
      const commands = lines.filter((line) => !line.startsWith('#')).flatMap((line) => line.split(' && '));
      expect(commands).toEqual(commandsOf(advice).slice(0, -1));
      const edits = advice.flatMap((step) => (step.do === 'edit' ? [step.text] : []));
      expect(edits).toHaveLength(name === 'haproxy' ? 0 : 1);
      for (const text of edits) expect(comments).toContain(text);
    },
  );
});

describe('the advice for a host', () => {
  const advice = commandsOf(refreshAdvice(inventedReport(), () => false));

  it('is that of the pages', () => {
    const [init, ...rest] = recipeUnder('A configuration for all of it', page('docs/doctor.md'));
    expect([init, ...rest.flatMap((line) => line.split(' && '))]).toEqual(advice.slice(0, 4));
    expect(page('README.md')).toContain(advice.slice(1, 4).join(' && '));
    const [, schedule, command] = /^echo '(.*)' (.*) > \/etc\/cron\.d\/restaple$/.exec(advice[4] ?? '') ?? [];
    expect(page('README.md')).toContain(`\n${schedule ?? '?'} ${command ?? '?'}\n`);
  });
});

describe('every advice', () => {
  it('ends with the command that proves it', () => {
    const all = [
      ...subjects.flatMap((subject) => [stapleAdvice, staplePlaceAdvice, settingAdvice].map((of) => of(subject))),
      ...subjects.map(({ used, ...subject }) => stapleAdvice({ ...subject, used: { ...used, places: [] } })),
      refreshAdvice(inventedReport(), () => false),
      refreshAdvice(inventedReport(), () => true),
    ];
    for (const steps of all) expect(commandsOf(steps).at(-1)).toMatch(/^restaple (?:verify|doctor)(?: |$)/);
  });
});
