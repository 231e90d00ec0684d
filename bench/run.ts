// The figures of docs/performance.md: ratios and rates measured in one run, printed as the table that stands there.
// `npm run bench` measures all of them but the executable, which has to be built before; `npm run bench -- NAME...` those.
import { benchFleet } from './fleet/fleet.js';
import { benchFleetMemory } from './fleet/memory.js';
import { benchGenerate } from './generate.js';
import { benchReload } from './reload.js';
import { benchReloadHaproxy } from './reload-haproxy.js';
import { benchServe } from './serve.js';
import { benchExecutable, benchStart } from './start-up.js';
import { benchVerification } from './verification.js';
import { printTable, type Row } from './table.js';

const benches: Readonly<Record<string, () => Promise<Row[]>>> = {
  start: benchStart,
  executable: benchExecutable,
  verification: benchVerification,
  generate: benchGenerate,
  serve: benchServe,
  reload: benchReload,
  haproxy: benchReloadHaproxy,
  fleet: benchFleet,
  memory: benchFleetMemory,
};

const names =
  process.argv.length > 2 ? process.argv.slice(2) : Object.keys(benches).filter((name) => name !== 'executable');
const unknown = names.filter((name) => !Object.hasOwn(benches, name));
if (unknown.length > 0) {
  console.error(`no benchmark ${unknown.join(', ')}: there are ${Object.keys(benches).join(', ')}`);
  process.exit(2);
}

const rows: Row[] = [];
for (const name of names) rows.push(...(await benches[name]!()));
printTable(rows);
process.exitCode = rows.every((row) => row.isMet) ? 0 : 1;
