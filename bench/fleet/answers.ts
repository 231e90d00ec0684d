import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';

/** The signed response for one certificate of a fleet. */
export interface Answer {
  /** Of the certificate, `site-000000.example`. */
  readonly name: string;
  /** 16 octets. */
  readonly serial: Uint8Array;
  /** OCSPResponse, DER. */
  readonly response: Uint8Array;
}

const serialOctets = 16;
const lengthOctets = 4;

/**
 * Writes the file that the responder (peer/serve.go) loads: the 16 octets of a serial number, the length of the response in 4,
 * big-endian, the response; again and again. The names are beside it, one a line in the same order.
 */
export function writeAnswers(file: string, answers: readonly Answer[]): void {
  writeParts(
    file,
    answers.flatMap(({ serial, response }) => {
      const length = Buffer.alloc(lengthOctets);
      length.writeUInt32BE(response.length);
      return [serial, length, response];
    }),
  );
  writeParts(
    namesOf(file),
    answers.map(({ name }) => Buffer.from(`${name}\n`)),
  );
}

/** The file of the names that belongs to a file of answers. */
export function namesOf(file: string): string {
  return `${file}.names`;
}

/** Reads what `writeAnswers` wrote, one at a time. */
export function* readAnswers(file: string): Generator<Answer> {
  const bytes = readFileSync(file);
  const names = readFileSync(namesOf(file), 'utf8').split('\n');
  let offset = 0;
  for (const name of names) {
    if (name === '') break;
    const start = offset + serialOctets + lengthOctets;
    const end = start + bytes.readUInt32BE(offset + serialOctets);
    yield { name, serial: bytes.subarray(offset, offset + serialOctets), response: bytes.subarray(start, end) };
    offset = end;
  }
  if (offset !== bytes.length) throw new Error(`${file} and its names do not fit together`);
}

/** One part after the other: a hundred thousand answers are more than one string or one system call should hold. */
function writeParts(file: string, parts: readonly Uint8Array[]): void {
  const descriptor = openSync(file, 'w');
  try {
    const batch = 4096;
    for (let start = 0; start < parts.length; start += batch) {
      const bytes = Buffer.concat(parts.slice(start, start + batch));
      for (let written = 0; written < bytes.length;) written += writeSync(descriptor, bytes, written);
    }
  } finally {
    closeSync(descriptor);
  }
}
