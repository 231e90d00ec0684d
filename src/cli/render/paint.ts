/** Colours for one stream; without colour every function returns its text. */
export interface Paint {
  green(text: string): string;
  yellow(text: string): string;
  red(text: string): string;
  bold(text: string): string;
  dim(text: string): string;
}

const plain: Paint = {
  green: (text) => text,
  yellow: (text) => text,
  red: (text) => text,
  bold: (text) => text,
  dim: (text) => text,
};

/** Colour only on a terminal; NO_COLOR forbids it, FORCE_COLOR asks for it anywhere. chalk is loaded only when it has work. */
export async function createPaint(stream: NodeJS.WriteStream): Promise<Paint> {
  if (!wantsColour(stream)) return plain;
  const { Chalk } = await import('chalk');
  return new Chalk({ level: 1 });
}

function wantsColour(stream: NodeJS.WriteStream): boolean {
  const { NO_COLOR: noColour, FORCE_COLOR: forceColour } = process.env;
  if (noColour !== undefined && noColour !== '') return false;
  if (forceColour !== undefined) return forceColour !== '0' && forceColour !== 'false';
  return stream.isTTY && process.env['TERM'] !== 'dumb';
}
