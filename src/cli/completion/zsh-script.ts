import { shellQuoted } from '../../system/shell-words.js';
import type { Candidates, CompletedCommand, CompletedFlag, CompletionModel } from './completion-model.js';

/** The completion for zsh 5 and later, to be sourced or to be put into a folder of fpath as _restaple. Tab runs no program. */
export function zshScript({ commands, topics, targets }: CompletionModel): string {
  const withPaths = targets.filter(({ takesPath }) => takesPath).map(({ name }) => name);
  const alone = targets.filter(({ standsAlone }) => standsAlone).map(({ name }) => name);
  const isTopWord = ({ name }: { readonly name: string }): boolean => !name.includes(' ');
  return `#compdef restaple
# zsh completion for restaple, written by: restaple completion zsh

_restaple_targets() {
  if compset -P '(${withPaths.join('|')}):'; then
    _files
  elif compset -P '*:'; then
    _message 'the rest of the target'
  else
    compadd -S '' -- ${targets.map(({ name }) => `${name}:`).join(' ')}
    compadd -- ${alone.join(' ')}
  fi
}

# Files, and these words.
_restaple_files() {
  compadd "$@"
  _files
}

# Paths; a dash for stdin is offered to whoever typed one.
_restaple_paths() {
  if [[ $PREFIX == - ]]; then compadd -- -; fi
  _files
}

_restaple() {
  local is_help= command
  if [[ $CURRENT -gt 2 && $words[2] == help ]]; then
    is_help=1
    shift words
    (( CURRENT-- ))
  fi
  if (( CURRENT == 2 )); then
    local -a commands=(
${[...commands, ...topics].filter(isTopWord).map(describedLine).join('\n')}
    )
    if [[ -z $is_help ]]; then compadd -- --help --version; fi
    _describe command commands
    return
  fi
  shift words
  (( CURRENT-- ))
  command=$words[1]
  case $command in
${topics.flatMap(({ name }) => topicLines(name, commands)).join('\n')}
  esac
  if [[ -n $is_help ]]; then return; fi
  case $command in
${commands.flatMap(commandLines).join('\n')}
  esac
}

if [[ $funcstack[1] == _restaple ]]; then
  _restaple "$@"
else
  compdef _restaple restaple
fi
`;
}

function describedLine({ name, text }: { readonly name: string; readonly text: string }): string {
  return `      ${shellQuoted(`${name}:${text}`)}`;
}

function topicLines(topic: string, commands: readonly CompletedCommand[]): string[] {
  const own = commands
    .filter(({ name }) => name.startsWith(`${topic} `))
    .map(({ name, text }) => describedLine({ name: name.slice(topic.length + 1), text }));
  return [
    `    ${topic})`,
    '      if (( CURRENT == 2 )); then',
    '        local -a commands=(',
    ...own.map((line) => `    ${line}`),
    '        )',
    '        _describe command commands',
    '        return',
    '      fi',
    '      shift words',
    '      (( CURRENT-- ))',
    '      command+=" $words[1]"',
    '      ;;',
  ];
}

function commandLines({ name, flags, arguments: places }: CompletedCommand): string[] {
  if (name === 'help') return [];
  const specifications = [
    ...flags.flatMap(flagSpecifications),
    ...places.flatMap((candidates, index) => {
      // Where nothing may stand, a line would only say so.
      if (candidates.words.length === 0 && candidates.also === undefined) return [];
      const number = index === places.length - 1 ? '*' : String(index + 1);
      const action = candidates.words.includes('-') ? '_restaple_paths' : actionOf(candidates);
      return [`${number}:${candidates.also ?? 'argument'}:${action}`];
    }),
  ];
  return [
    `    ${shellQuoted(name)})`,
    `      _arguments -S : \\`,
    specifications.map((one) => `        ${shellQuoted(one)}`).join(' \\\n'),
    '      ;;',
  ];
}

/** A line of `_arguments` for each spelling, which excludes the others; of a flag of openssl the value is the next word. */
function flagSpecifications({ spellings, text, value, isRepeatable }: CompletedFlag): string[] {
  const explanation = text.replaceAll(/[[\]\\]/g, (character) => `\\${character}`);
  return spellings.map((spelling) => {
    const before = isRepeatable ? '*' : spellings.length > 1 ? `(${spellings.join(' ')})` : '';
    const name = `${before}${spelling}`;
    if (value === undefined) return `${name}[${explanation}]`;
    const equals = spelling.startsWith('--') ? '=' : '';
    return `${name}${equals}[${explanation}]:${spelling.replace(/^-+/, '')}:${actionOf(value)}`;
  });
}

function actionOf({ words, also }: Candidates): string {
  if (also === 'targets') return '_restaple_targets';
  if (also === 'commands') return '_command_names -e';
  if (also === 'files') return words.length === 0 ? '_files' : `_restaple_files -- ${words.join(' ')}`;
  // A blank: nothing is offered, and what is expected is said.
  return words.length === 0 ? ' ' : `(${words.join(' ')})`;
}
