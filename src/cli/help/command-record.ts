/** What help reads of a flag: oclif's manifest has it, so that no command is loaded. */
export interface FlagRecord {
  readonly name: string;
  readonly char?: string;
  readonly type: 'boolean' | 'option';
  readonly description?: string;
  readonly summary?: string;
  readonly helpGroup?: string;
  readonly helpValue?: string | readonly string[];
  readonly options?: readonly string[];
  readonly default?: unknown;
  readonly multiple?: boolean;
  readonly allowNo?: boolean;
  readonly required?: boolean;
  readonly hidden?: boolean;
  readonly env?: string;
}

export interface ArgumentRecord {
  readonly name: string;
  readonly description?: string;
  readonly options?: readonly string[];
}

/** What help reads of a command. */
export interface CommandRecord {
  readonly id: string;
  readonly description?: string;
  readonly summary?: string;
  readonly usage?: string | readonly string[];
  readonly examples?: readonly unknown[];
  readonly args: Readonly<Record<string, ArgumentRecord>>;
  /** False where the last argument may be repeated. */
  readonly strict?: boolean;
  readonly flags: Readonly<Record<string, FlagRecord>>;
  readonly exits?: readonly number[];
  readonly manual?: readonly string[];
  readonly hidden?: boolean;
}

/** The words of a command: `config check`. */
export function wordsOf({ id }: { readonly id: string }): string {
  return id.replaceAll(':', ' ');
}

/** Every way to write the flags of a command: `--json`, `--no-fetch-issuer`, `-0`. */
export function spellingsOf(flags: CommandRecord['flags']): string[] {
  return Object.values(flags).flatMap(({ name, char, allowNo }) => [
    `--${name}`,
    ...(allowNo === true ? [`--no-${name}`] : []),
    ...(char === undefined ? [] : [`-${char}`]),
  ]);
}
