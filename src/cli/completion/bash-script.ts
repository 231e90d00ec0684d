import type { Candidates, CompletedCommand, CompletionModel } from './completion-model.js';

/**
 * The completion for bash 4.3 and later, with or without the package bash-completion. Tab runs no program; readline completes
 * file names, or quotes those that are given to it.
 */
export function bashScript({ commands, topics, targets }: CompletionModel): string {
  const firstWords = [...new Set(commands.map(({ name }) => name.split(' ', 1)[0] ?? ''))];
  const targetWords = targets.flatMap(({ name, standsAlone }) => [...(standsAlone ? [name] : []), `${name}:`]);
  const withPaths = targets.filter(({ takesPath }) => takesPath).map(({ name }) => `${name}:*`);
  return `# bash completion for restaple, written by: restaple completion bash

# The flags of a command, in "choices".
_restaple_flags() {
  case $1 in
${commands.flatMap(flagLines).join('\n')}
    *) choices= ;;
  esac
}

# What a flag of a command takes, in "kind" and "choices"; fails for a flag without a value.
_restaple_value() {
  case "$1 $2" in
${commands.flatMap(valueLines).join('\n')}
    *) return 1 ;;
  esac
}

# What a command takes as its argument of this number, in "kind" and "choices"; fails where it takes none.
_restaple_argument() {
  case "$1 $2" in
${commands.flatMap(argumentLines).join('\n')}
    *) return 1 ;;
  esac
}

# A word without its quotes, in "plain"; in "quote" the one that is open; in "cut" the part that readline leaves alone: up to
# the last word break, or that quote.
_restaple_unquote() {
  local text=$1 char i
  plain= cut= quote=
  for ((i = 0; i < \${#text}; i++)); do
    char=\${text:i:1}
    if [[ -z $quote && $char == [\\'\\"] ]]; then quote=$char cut=$plain
    elif [[ -n $quote && $char == "$quote" ]]; then quote=
    elif [[ $char == \\\\ && $quote != \\' ]]; then i=$((i + 1)) plain+=\${text:i:1}
    else
      plain+=$char
      if [[ -z $quote && $COMP_WORDBREAKS == *"$char"* ]]; then cut=$plain; fi
    fi
  done
}

# Those of the words $3 that begin with $2, each behind the prefix $1. One that ends with a colon goes on.
_restaple_words() {
  local word
  for word in $3; do
    [[ $word == "$2"* ]] || continue
    word=$1$word
    COMPREPLY+=("\${word#"$cut"}")
    if [[ $word == *: ]]; then compopt -o nospace; fi
  done
}

# A file or command behind the prefix $1, quoted; a folder goes on.
_restaple_quoted() {
  local word
  printf -v word %q "$2"
  if [[ -d $2 ]]; then
    word+=/
    compopt -o nospace
  fi
  word=$1$word
  COMPREPLY+=("\${word#"$cut"}")
}

# Files that begin with $2 behind the prefix $1, and words $3 that may stand there too.
_restaple_files() {
  local file
  _restaple_words "$1" "$2" "$3"
  if [[ $1 == "$cut" && \${#COMPREPLY[@]} -eq 0 ]]; then
    # By readline itself.
    compopt -o default
  elif [[ $1 == "$cut" ]]; then
    # What was typed begins a word of ours, so there is nothing in it for readline to expand.
    compopt -o filenames
    while IFS= read -r file; do COMPREPLY+=("$file"); done < <(compgen -f -- "$2")
  elif [[ -z $quote ]]; then
    while IFS= read -r file; do _restaple_quoted "$1" "$file"; done < <(compgen -f -- "$2")
  fi
}

# What "kind" and "choices" say, of what begins with $2, behind the prefix $1.
_restaple_candidates() {
  local word
  case "$kind $2" in
    files\\ *) _restaple_files "$1" "$2" "$choices" ;;
    commands\\ */*) _restaple_files "$1" "$2" '' ;;
    commands\\ *)
      if [[ -z $quote ]]; then
        while IFS= read -r word; do _restaple_quoted "$1" "$word"; done < <(compgen -c -- "$2")
      fi
      ;;
    ${withPaths.map((pattern) => `targets\\ ${pattern}`).join(' | ')}) _restaple_files "$1\${2%%:*}:" "\${2#*:}" '' ;;
    targets\\ *) _restaple_words "$1" "$2" '${targetWords.join(' ')}' ;;
    *) _restaple_words "$1" "$2" "$choices" ;;
  esac
}

_restaple() {
  local IFS=$' \\t\\n' words=() kind= choices= plain= cut= quote= blanks piece i
  # COMP_WORDS are parted at : and = too; here only blanks part words.
  local line=\${COMP_LINE:0:COMP_POINT}
  for ((i = 0; i <= COMP_CWORD; i++)); do
    blanks=\${line%%[![:space:]]*}
    line=\${line#"$blanks"}
    piece=\${COMP_WORDS[i]}
    if ((i == COMP_CWORD)); then piece=$line; fi
    line=\${line#"$piece"}
    if [[ $i -eq 0 || -n $blanks ]]; then words+=("$piece"); else words[-1]+=$piece; fi
  done
  COMPREPLY=()
  _restaple_unquote "\${words[-1]}"

  local command=\${words[1]-} isHelp= first=2
  if [[ $command == help && \${#words[@]} -gt 2 ]]; then
    isHelp=1
    words=("\${words[@]:1}")
    command=\${words[1]}
  fi
  if ((\${#words[@]} <= 2)); then
    _restaple_words '' "$plain" '${firstWords.join(' ')} --help --version'
    return
  fi
  case $command in
${topics.flatMap(({ name }) => topicLines(name, commands)).join('\n')}
  esac
  if [[ -n $isHelp ]]; then return; fi

  local flag= number=0 isOver=
  for ((i = first; i < \${#words[@]} - 1; i++)); do
    piece=\${words[i]}
    if [[ -n $flag ]]; then flag=
    elif [[ -n $isOver ]]; then number=$((number + 1))
    elif [[ $piece == -- ]]; then isOver=1
    elif [[ $piece == --*=* ]]; then :
    elif [[ $piece == -?* ]]; then
      if _restaple_value "$command" "$piece"; then flag=$piece; fi
    else number=$((number + 1))
    fi
  done
  kind= choices=
  if [[ -n $flag ]]; then
    _restaple_value "$command" "$flag" && _restaple_candidates '' "$plain"
  elif [[ -z $isOver && $plain == --*=* ]]; then
    _restaple_value "$command" "\${plain%%=*}" && _restaple_candidates "\${plain%%=*}=" "\${plain#*=}"
  elif [[ -z $isOver && $plain == -* ]]; then
    _restaple_argument "$command" "$number" && _restaple_words '' "$plain" "$choices"
    _restaple_flags "$command"
    _restaple_words '' "$plain" "$choices"
  elif _restaple_argument "$command" "$number"; then
    # A dash for stdin is offered to whoever typed one.
    if [[ $kind == files ]]; then choices=; fi
    _restaple_candidates '' "$plain"
  fi
}

complete -F _restaple restaple
`;
}

function flagLines({ name, flags }: CompletedCommand): string[] {
  const spellings = flags.flatMap((flag) => flag.spellings);
  return spellings.length === 0 ? [] : [`    ${pattern(name)}) choices='${spellings.join(' ')}' ;;`];
}

/** Flags that take the same are one line. */
function valueLines({ name, flags }: CompletedCommand): string[] {
  const byCandidates = new Map<string, string[]>();
  for (const { spellings, value } of flags) {
    if (value === undefined) continue;
    const assigned = assignments(value);
    const patterns = spellings.map((spelling) => pattern(`${name} ${spelling}`));
    byCandidates.set(assigned, [...(byCandidates.get(assigned) ?? []), ...patterns]);
  }
  return [...byCandidates].map(([assigned, patterns]) => `    ${patterns.join(' | ')}) ${assigned} ;;`);
}

function argumentLines({ name, arguments: places }: CompletedCommand): string[] {
  return places.map((candidates, index) => {
    const number = index === places.length - 1 ? '*' : String(index);
    return `    ${pattern(name)}\\ ${number}) ${assignments(candidates)} ;;`;
  });
}

function topicLines(topic: string, commands: readonly CompletedCommand[]): string[] {
  const own = commands.filter(({ name }) => name.startsWith(`${topic} `)).map(({ name }) => name.split(' ')[1]);
  return [
    `    ${topic})`,
    `      if ((\${#words[@]} == 3)); then`,
    `        _restaple_words '' "$plain" '${own.join(' ')}'`,
    '        return',
    '      fi',
    `      command+=" \${words[2]}" first=3`,
    '      ;;',
  ];
}

function assignments({ words, also }: Candidates): string {
  return `kind=${also ?? 'words'} choices='${words.join(' ')}'`;
}

function pattern(text: string): string {
  return text.replaceAll(' ', '\\ ');
}
