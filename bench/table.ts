/** One figure: what was measured, the value, the bound it must meet. */
export interface Row {
  readonly what: string;
  readonly measured: string;
  readonly bound: string;
  readonly isMet: boolean;
}

export function printTable(rows: readonly Row[]): void {
  console.log(`| what | measured | must | met |\n| --- | --- | --- | --- |`);
  for (const { what, measured, bound, isMet } of rows) {
    console.log(`| ${what} | ${measured} | ${bound} | ${isMet ? 'yes' : 'NO'} |`);
  }
  console.log(
    `\nNode ${process.version}, ${process.platform} ${process.arch}, ${new Date().toISOString().slice(0, 10)}`,
  );
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
