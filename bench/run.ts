// The figures of docs/performance.md: ratios and rates measured in one run, printed as the table that stands there.
import { benchGenerate } from './generate.js';
import { benchReload } from './reload.js';
import { benchReloadHaproxy } from './reload-haproxy.js';
import { benchServe } from './serve.js';
import { benchStart } from './start-up.js';
import { benchVerification } from './verification.js';
import { printTable, type Row } from './table.js';

const benches: readonly (() => Promise<Row[]>)[] = [
  benchStart,
  benchVerification,
  benchGenerate,
  benchServe,
  benchReload,
  benchReloadHaproxy,
];

const rows: Row[] = [];
for (const bench of benches) rows.push(...(await bench()));
printTable(rows);
process.exitCode = rows.every((row) => row.isMet) ? 0 : 1;
