import { optionGroups } from './option-table.js';

/** The options in groups, a line each, for -help. */
export function ocspHelpLines(): string[] {
  return [
    'Usage: restaple ocsp [options]',
    ...Object.entries(optionGroups).flatMap(([title, rows]) => [
      '',
      `${title}:`,
      ...Object.entries(rows).map(([name, row]) => {
        const label = ` -${name}${row.value === undefined ? '' : ` ${row.value}`}`;
        return `${label.padEnd(25)} ${row.help}${row.refused === undefined ? '' : `: ${row.refused}`}`;
      }),
      ...(title === 'Client' ? [' -sha1, -sha256, -sha384, -sha512 the hash of the CertIDs that follow'] : []),
    ]),
  ];
}
