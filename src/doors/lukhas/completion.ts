// Completion by Tab: a short script for each shell, which asks `lukhas _complete` how the line may go on.
import { type CommandLine, choicesOf } from '../arguments.ts';

/** Placeholders of options and words that are files or folders. */
const files = /file|path|dir|\.json/;

/**
 * How a command line may go on. The words are those behind the program's name; the last one is being typed, or empty.
 *
 * @returns `words` and then candidates, each with a tab and what it does; or `files`, where the shell completes paths
 */
export function complete(program: CommandLine, words: readonly string[]): readonly string[] {
  if (words[0] === 'help' && words.length > 1) return complete(program, words.slice(1));
  const typed = words.at(-1) ?? '';
  const equals = typed.startsWith('--') ? typed.indexOf('=') + 1 : 0;
  const { command, option, given, ended } = follow(program, [
    ...words.slice(0, -1),
    ...(equals > 0 ? [typed.slice(0, equals - 1)] : []),
  ]);
  const among = (candidates: readonly (readonly [string, string])[]) => [
    'words',
    ...candidates.filter(([word]) => word.startsWith(typed)).map(([word, what]) => `${word}\t${what}`),
  ];
  const choices = (words: readonly string[]) =>
    among(words.map((word) => [typed.slice(0, equals) + word, '']));
  if (option !== undefined) {
    if (option.argChoices !== undefined) return choices(choicesOf(option, typed.slice(equals)));
    return files.test(option.flags) ? ['files'] : ['words'];
  }
  if (typed.startsWith('-') && !ended) {
    const options = command.createHelp().visibleOptions(command);
    return among(options.map(({ long, description }) => [long ?? '', description]));
  }
  if (command.children.length > 0) {
    const shown = command.children.filter((child) => !child.name().startsWith('_') && !child.isAlias);
    return among(shown.map((child) => [child.name(), child.summary() || child.description()]));
  }
  const argument =
    command.registeredArguments[given] ?? command.registeredArguments.findLast((a) => a.variadic);
  if (argument?.argChoices !== undefined) return choices(argument.argChoices);
  return argument !== undefined && files.test(argument.name()) ? ['files'] : ['words'];
}

/** Where a line stands after some words: in which command, behind which option without its value, after how many words. */
function follow(program: CommandLine, words: readonly string[]) {
  let command = program;
  let option: CommandLine['options'][number] | undefined;
  let given = 0;
  let ended = false;
  for (const word of words) {
    const child = command.children.find((child) => child.name() === word);
    if (option !== undefined) option = undefined;
    else if (ended) given++;
    else if (word === '--') ended = true;
    else if (child !== undefined) command = child;
    else if (/^-./.test(word)) {
      option = command.options.find(
        ({ long, short, required }) => required && (long === word || short === word),
      );
    } else given++;
  }
  return { command, option, given, ended };
}

/** The script that a shell reads. */
export function completionScript(shell: 'bash' | 'zsh' | 'fish'): string {
  return scripts[shell].trim();
}

const scripts = {
  // Runs in the bash of macOS (3.2) too. bash cuts words at "=": they are joined again.
  bash: `
_lukhas() {
  local words=() word i first=
  [[ $1 == *lukhas-upload ]] && words=(upload)
  for ((i = 1; i <= COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    if ((i > 1)) && [[ $word == = || \${COMP_WORDS[i-1]} == = ]]; then
      words[\${#words[@]}-1]+=$word
    else
      words+=("$word")
    fi
  done
  COMPREPLY=()
  while IFS=$'\\t' read -r word _; do
    if [[ -z $first ]]; then
      first=$word
    else
      [[ \${words[\${#words[@]}-1]} == --*=* ]] && word=\${word#*=}
      COMPREPLY+=("$word")
    fi
  done < <(lukhas _complete -- "\${words[@]}" 2>/dev/null)
  [[ $first == words ]] && compopt +o default 2>/dev/null
  return 0
}
complete -o default -F _lukhas lukhas lukhas-upload`,
  zsh: `
#compdef lukhas lukhas-upload
_lukhas() {
  local -a typed lines found
  local line what
  typed=("\${(@Q)words[2,CURRENT]}")
  [[ \${words[1]:t} == lukhas-upload ]] && typed=(upload "\${(@)typed}")
  lines=("\${(@f)$(lukhas _complete -- "\${(@)typed}" 2>/dev/null)}")
  if [[ \${lines[1]} == files ]]; then
    compset -P '--*='
    _files
    return
  fi
  for line in "\${(@)lines[2,-1]}"; do
    what=\${line#*$'\\t'}
    found+=("\${\${line%%$'\\t'*}//:/\\\\:}\${what:+:$what}")
  done
  _describe lukhas found
}
if [[ \${funcstack[1]} == _lukhas ]]; then
  _lukhas "$@"
else
  (( $+functions[compdef] )) || { autoload -Uz compinit && compinit }
  compdef _lukhas lukhas lukhas-upload
fi`,
  fish: `
function __lukhas_complete
    set -l words (commandline -opc)
    set -e words[1]
    set -l typed (commandline -ct)
    set -l lines (lukhas _complete -- $argv $words "$typed" 2>/dev/null)
    if test "$lines[1]" = files
        set -l option (string match -r -- '^--[^=]+=' "$typed")
        for path in (__fish_complete_path (string replace -r -- '^--[^=]+=' '' "$typed"))
            echo "$option$path"
        end
    else if test (count $lines) -gt 1
        string join \\n -- $lines[2..-1]
    end
end
complete -c lukhas -f -a '(__lukhas_complete)'
complete -c lukhas-upload -f -a '(__lukhas_complete upload)'`,
} as const;
