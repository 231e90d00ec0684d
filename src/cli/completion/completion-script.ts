import type { CompletionModel } from './completion-model.js';
import { bashScript } from './bash-script.js';
import { fishScript } from './fish-script.js';
import { zshScript } from './zsh-script.js';

/** The script of each shell, and the name under which the shell looks for it. */
export const completions = {
  bash: { script: bashScript, file: 'restaple.bash' },
  zsh: { script: zshScript, file: '_restaple' },
  fish: { script: fishScript, file: 'restaple.fish' },
} as const satisfies Record<string, { readonly script: (model: CompletionModel) => string; readonly file: string }>;

export type CompletedShell = keyof typeof completions;
