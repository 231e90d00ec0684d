// The figures of docs/performance.md: ratios measured in one run, printed as the table that stands there.
import { benchServe } from './serve.js';
import { benchStart } from './start-up.js';
import { benchVerification } from './verification.js';
import { printTable } from './table.js';

const rows = [...(await benchStart()), ...(await benchVerification()), ...(await benchServe())];
printTable(rows);
process.exitCode = rows.every((row) => row.isMet) ? 0 : 1;
