import { existsSync } from 'node:fs';
import type { AdviceStep, DoctorReport } from './doctor-report.js';

const configuration = '/etc/restaple.yaml';

/** What to do where staples are there and nobody refreshes them; nothing where each has somebody. */
export function refreshAdvice({ certificates }: DoctorReport, isThere = existsSync): AdviceStep[] {
  const isNeeded = certificates.some(({ findings }) =>
    findings.some(({ code }) => code === 'nobody-refreshes' || code === 'not-configured'),
  );
  if (!isNeeded) return [];
  const own = isThere(configuration)
    ? 'restaple config init --out /etc/restaple.yaml.new'
    : `restaple config init --out ${configuration}`;
  const isBooted = isThere('/run/systemd/system');
  const timer = isThere('/usr/lib/systemd/system/restaple.timer') || isThere('/etc/systemd/system/restaple.timer');
  const schedule =
    isBooted && timer
      ? 'systemctl enable restaple.timer && systemctl start restaple.timer'
      : `echo '17 * * * *' root restaple fetch --config ${configuration} --lock-wait 10m > /etc/cron.d/restaple`;
  return [
    { do: 'run', command: own },
    ...(isThere(configuration)
      ? [
          {
            do: 'edit',
            file: configuration,
            note: 'take over from /etc/restaple.yaml.new what is missing',
            text: '',
          } as const,
        ]
      : []),
    { do: 'run', command: 'restaple config check' },
    { do: 'run', command: 'restaple fetch --dry-run' },
    { do: 'run', command: 'restaple fetch' },
    { do: 'run', command: schedule },
    { do: 'run', command: 'restaple doctor' },
  ];
}
