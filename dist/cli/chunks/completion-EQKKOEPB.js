import { createRequire as lukhasRequire } from 'node:module'; const require = lukhasRequire(import.meta.url);
import{choicesOf}from"./chunk-GUJTS6IP.js";import"./chunk-AZXKDKNC.js";import"./chunk-A7MQTGF4.js";import"./chunk-CNE6ZDO7.js";import"./chunk-TFW2IOPD.js";var files=/file|path|dir|\.json/;function complete(program,words){if(words[0]==="help"&&words.length>1)return complete(program,words.slice(1));let typed=words.at(-1)??"",equals=typed.startsWith("--")?typed.indexOf("=")+1:0,{command,option,given,ended}=follow(program,[...words.slice(0,-1),...equals>0?[typed.slice(0,equals-1)]:[]]),among=candidates=>["words",...candidates.filter(([word])=>word.startsWith(typed)).map(([word,what])=>`${word}	${what}`)],choices=words2=>among(words2.map(word=>[typed.slice(0,equals)+word,""]));if(option!==void 0)return option.argChoices!==void 0?choices(choicesOf(option,typed.slice(equals))):files.test(option.flags)?["files"]:["words"];if(typed.startsWith("-")&&!ended){let options=command.createHelp().visibleOptions(command);return among(options.map(({long,description})=>[long??"",description]))}if(command.children.length>0){let shown=command.children.filter(child=>!child.name().startsWith("_")&&!child.isAlias);return among(shown.map(child=>[child.name(),child.summary()||child.description()]))}let argument=command.registeredArguments[given]??command.registeredArguments.findLast(a=>a.variadic);return argument?.argChoices!==void 0?choices(argument.argChoices):argument!==void 0&&files.test(argument.name())?["files"]:["words"]}function follow(program,words){let command=program,option,given=0,ended=!1;for(let word of words){let child=command.children.find(child2=>child2.name()===word);option!==void 0?option=void 0:ended?given++:word==="--"?ended=!0:child!==void 0?command=child:/^-./.test(word)?option=command.options.find(({long,short,required})=>required&&(long===word||short===word)):given++}return{command,option,given,ended}}function completionScript(shell){return scripts[shell].trim()}var scripts={bash:`
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
complete -o default -F _lukhas lukhas lukhas-upload`,zsh:`
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
fi`,fish:`
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
complete -c lukhas-upload -f -a '(__lukhas_complete upload)'`};export{complete,completionScript};
