import { createRequire as lukhasRequire } from 'node:module'; const require = lukhasRequire(import.meta.url);
import{a as f}from"./chunk-NAFXXHYU.js";var m=/file|path|dir|\.json/;function $(a,l){if(l[0]==="help"&&l.length>1)return $(a,l.slice(1));let t=l.at(-1)??"",o=t.startsWith("--")?t.indexOf("=")+1:0,{command:n,option:i,given:d,ended:c}=w(a,[...l.slice(0,-1),...o>0?[t.slice(0,o-1)]:[]]),r=f(s=>["words",...s.filter(([e])=>e.startsWith(t)).map(([e,h])=>`${e}	${h}`)],"among"),p=f(s=>r(s.map(e=>[t.slice(0,o)+e,""])),"choices");if(i!==void 0)return i.argChoices!==void 0?p(i.argChoices):m.test(i.flags)?["files"]:["words"];if(t.startsWith("-")&&!c){let s=n.createHelp().visibleOptions(n);return r(s.map(({long:e,description:h})=>[e??"",h]))}if(n.children.length>0){let s=n.children.filter(e=>!e.name().startsWith("_"));return r(s.map(e=>[e.name(),e.summary()||e.description()]))}let u=n.registeredArguments[d]??n.registeredArguments.findLast(s=>s.variadic);return u?.argChoices!==void 0?p(u.argChoices):u!==void 0&&m.test(u.name())?["files"]:["words"]}f($,"complete");function w(a,l){let t=a,o,n=0,i=!1;for(let d of l){let c=t.children.find(r=>r.name()===d);o!==void 0?o=void 0:i?n++:d==="--"?i=!0:c!==void 0?t=c:/^-./.test(d)?o=t.options.find(({long:r,short:p,required:u})=>u&&(r===d||p===d)):n++}return{command:t,option:o,given:n,ended:i}}f(w,"follow");function g(a){return _[a].trim()}f(g,"completionScript");var _={bash:`
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
complete -c lukhas-upload -f -a '(__lukhas_complete upload)'`};export{$ as complete,g as completionScript};
