import type { Candidates, CompletedCommand, CompletedFlag, CompletionModel } from './completion-model.js';

/** The completion for fish 3.1 and later. Tab runs no program. */
export function fishScript({ commands, topics, targets }: CompletionModel): string {
  const withPaths = targets.filter(({ takesPath }) => takesPath).map(({ name }) => name);
  return `# fish completion for restaple, written by: restaple completion fish

# Whether these words stand behind the name of the program.
function __restaple_begins
    set -l words (commandline -opc)[2..-1]
    for word in $argv
        test "$words[1]" = $word; or return
        set -e words[1]
    end
end

# The same, and nothing else does before the cursor.
function __restaple_is
    test (count (commandline -opc)) -eq (math (count $argv) + 1); and __restaple_begins $argv
end

# The flags of a command that take a value.
function __restaple_valued
    switch "$argv"
${commands.flatMap(valuedLines).join('\n')}
    end
end

# How many arguments stand before the cursor, flags and their values left out; -1 for another command.
function __restaple_arguments
    if not __restaple_begins $argv
        echo -1
        return
    end
    set -l valued (__restaple_valued $argv)
    set -l words (commandline -opc)
    for word in x $argv
        set -e words[1]
    end
    set -l found 0
    set -l is_value 0
    for word in $words
        if test $is_value -eq 1
            set is_value 0
        else if string match -q -- '-?*' $word
            contains -- $word $valued; and set is_value 1
        else
            set found (math $found + 1)
        end
    end
    echo $found
end

# Servers to reload, and files behind the name of one.
function __restaple_targets
    set -l word (commandline -ct | string replace -r -- '^--reload=' '' | string unescape)
    if string match -q -r -- '^(?:${withPaths.join('|')}):' $word
        set -l parts (string split -m 1 -- : $word)
        for file in $parts[2]*
            test -d $file; and echo $parts[1]:$file/; or echo $parts[1]:$file
        end
        return
    end
${targets.map(({ name, standsAlone }) => `    echo ${name}:${standsAlone ? `\n    echo ${name}` : ''}`).join('\n')}
end

complete -c restaple -f
complete -c restaple -n __restaple_is -l help -d 'show the commands'
complete -c restaple -n __restaple_is -l version -d 'show the version'
${topics.flatMap(({ name, text }) => wordLines(name, text)).join('\n')}
${commands.flatMap(commandLines).join('\n')}
`;
}

function valuedLines({ name, flags }: CompletedCommand): string[] {
  const spellings = flags.filter(({ value }) => value !== undefined).flatMap((flag) => flag.spellings);
  if (spellings.length === 0) return [];
  return [`        case ${quoted(name)}`, `            printf '%s\\n' ${spellings.join(' ')}`];
}

function commandLines({ name, text, flags, arguments: places }: CompletedCommand): string[] {
  return [
    '',
    ...wordLines(name, text),
    ...flags.map((flag) => flagLine(name, flag)),
    ...places.map((candidates, index) => {
      const relation = index === places.length - 1 ? '-ge' : '-eq';
      return line(`test (__restaple_arguments ${name}) ${relation} ${index}`, ...valueWords(candidates));
    }),
  ];
}

/** The last word of a command, behind its other words, and behind `help` with them. */
function wordLines(name: string, text: string): string[] {
  const words = name.split(' ');
  const before = words.slice(0, -1);
  const places = name === 'help' ? [before] : [before, ['help', ...before]];
  const last = words.at(-1) ?? '';
  return places.map((place) => line(['__restaple_is', ...place].join(' '), '-a', last, '-d', quoted(text)));
}

function flagLine(name: string, { spellings, text, value }: CompletedFlag): string {
  const names = spellings.flatMap((spelling) => {
    if (spelling.startsWith('--')) return ['-l', spelling.slice(2)];
    return [spelling.length === 2 ? '-s' : '-o', spelling.slice(1)];
  });
  const words = value === undefined ? [] : valueWords(value);
  return line(`__restaple_begins ${name}`, ...names, ...words, '-d', quoted(text));
}

/** fish runs what stands behind -a: these are words without special characters, and functions of fish. */
function valueWords({ words, also }: Candidates): string[] {
  const listed = words.length === 0 ? [] : ['-a', quoted(words.join(' '))];
  if (also === 'files') return ['-r', '-F', ...listed];
  if (also === 'commands') return ['-x', '-a', quoted('(__fish_complete_command)')];
  return also === 'targets' ? ['-x', '-a', quoted('(__restaple_targets)')] : ['-x', ...listed];
}

function line(condition: string, ...words: readonly string[]): string {
  return ['complete -c restaple -n', quoted(condition), ...words].join(' ');
}

/** A word of fish: between single quotes it knows a backslash before a quote and before itself. */
function quoted(text: string): string {
  return `'${text.replaceAll(/['\\]/g, (character) => `\\${character}`)}'`;
}
