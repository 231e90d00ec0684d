/** Longer than any line of ours without a hostile name or serial number in it. */
const tooLong = /[^\n]{1001,}/g;

/** A message with the middle of each line left out that is too long to read: names and serial numbers may have any length. */
export function shortened(message: string): string {
  return message.replace(tooLong, (line) => `${line.slice(0, 700)}[…]${line.slice(-250)}`);
}

/** The beginning of a text from outside that may be of any length, for a message. */
export function beginningOf(text: string, most = 200): string {
  return text.length > most ? `${text.slice(0, most)}…` : text;
}
