import { existsSync, linkSync, lstatSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { namesOf, readAnswers } from './answers.js';
import { fleetPlaces, generateFleet } from './generate-fleet.js';

/** A generated fleet on disk. */
export interface Fleet {
  readonly size: number;
  readonly port: number;
  /** The folder of the certificates, for the programs under test. */
  readonly certificates: string;
  /** Where `withoutStaples` makes its folders. */
  readonly runs: string;
  /** PEM of the CA that issued all of them. */
  readonly issuer: string;
  /** For the responder. */
  readonly answers: string;
}

/** Below the ports that the system gives to outgoing connections, so that none of these has it. */
export const fleetPort = 21_560;

/** Raised when generate-fleet.ts writes something else. */
const form = 1;
/** Answers are due from 40 % of their seven days on: until then a fleet with its staples has nothing due. */
const reusedForMilliseconds = 48 * 3_600_000;

/**
 * The fleet of this size, from the last run where that is whole and recent, else generated: 10,000 certificates take about
 * ten seconds on two cores. Fleets stay in the system's folder for temporary files, in one that belongs to this user alone.
 */
export async function prepareFleet(size: number, port: number): Promise<Fleet> {
  const folder = join(ownFolder(), `${size}-${port}`);
  const fleet = fleetIn(folder, size, port);
  const now = new Date();
  if (!isUsable(folder, fleet, now)) {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder);
    await generateFleet({ folder, size, port, now });
    writeFileSync(join(folder, recordName), JSON.stringify({ form, made: now.toISOString() }));
  }
  return fleet;
}

/** Gives each certificate the responder's answer as its staple: nothing is due. */
export function placeStaples(fleet: Fleet): void {
  for (const { name, response } of readAnswers(fleet.answers)) {
    writeFileSync(join(fleet.certificates, `${name}.pem.ocsp`), response);
  }
}

/**
 * The same certificates in a new folder, where everything is due and no program finds what another left. Staples are not
 * removed between the runs: ext4 without a journal looks at every file removed in the last minutes before it makes a new one.
 */
export function withoutStaples(fleet: Fleet): Fleet {
  const certificates = join(fleet.runs, String(nextRun));
  nextRun += 1;
  mkdirSync(certificates, { recursive: true });
  for (const name of readdirSync(fleet.certificates)) {
    if (name.endsWith('.pem')) linkSync(join(fleet.certificates, name), join(certificates, name));
  }
  return { ...fleet, certificates };
}

/** Removes what `withoutStaples` made. */
export function removeRuns(fleet: Fleet): void {
  rmSync(fleet.runs, { recursive: true, force: true });
}

let nextRun = 0;

/** How many certificates have a staple; that it is the responder's answer is checked byte by byte. */
export function countStaples(fleet: Fleet): number {
  let count = 0;
  for (const { name, response } of readAnswers(fleet.answers)) {
    const staple = readIfThere(join(fleet.certificates, `${name}.pem.ocsp`));
    if (staple?.equals(response) === true) count += 1;
  }
  return count;
}

const recordName = 'fleet.json';

function fleetIn(folder: string, size: number, port: number): Fleet {
  return {
    size,
    port,
    certificates: join(folder, fleetPlaces.certificates),
    runs: join(folder, `runs-${process.pid}`),
    issuer: join(folder, fleetPlaces.issuer),
    answers: join(folder, fleetPlaces.answers),
  };
}

/** The record is written last, so that a fleet whose making was interrupted is never used. */
function isUsable(folder: string, fleet: Fleet, now: Date): boolean {
  const text = readIfThere(join(folder, recordName));
  if (text === undefined) return false;
  const record = JSON.parse(text.toString()) as { form?: unknown; made?: unknown };
  const age = now.getTime() - Date.parse(String(record.made));
  if (record.form !== form || !(age >= 0 && age < reusedForMilliseconds)) return false;
  // What cleans old temporary files may have taken some.
  const isComplete = [fleet.issuer, fleet.answers, namesOf(fleet.answers)].every((file) => existsSync(file));
  return isComplete && readdirSync(fleet.certificates).filter((name) => name.endsWith('.pem')).length === fleet.size;
}

/** Others may write in the folder above: what is not ours alone is not used. */
function ownFolder(): string {
  const user = process.getuid?.() ?? 0;
  const folder = join(tmpdir(), `restaple-bench-fleets-${user}`);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const found = lstatSync(folder);
  if (!found.isDirectory() || found.uid !== user || (found.mode & 0o077) !== 0) {
    throw new Error(`${folder} is not a folder of this user alone: remove it`);
  }
  return folder;
}

function readIfThere(file: string): Buffer | undefined {
  try {
    return readFileSync(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
