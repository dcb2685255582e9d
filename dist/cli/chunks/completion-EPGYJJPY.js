import { createRequire as lukhasRequire } from 'node:module'; const require = lukhasRequire(import.meta.url);
import{g as m}from"./chunk-ZJZYJTWT.js";import"./chunk-EI5M6XFR.js";import"./chunk-OT4GM4VS.js";import"./chunk-CZUTXVON.js";import{a as u}from"./chunk-NAFXXHYU.js";var $=/file|path|dir|\.json/;function w(a,l){if(l[0]==="help"&&l.length>1)return w(a,l.slice(1));let t=l.at(-1)??"",s=t.startsWith("--")?t.indexOf("=")+1:0,{command:n,option:i,given:d,ended:c}=_(a,[...l.slice(0,-1),...s>0?[t.slice(0,s-1)]:[]]),r=u(o=>["words",...o.filter(([e])=>e.startsWith(t)).map(([e,h])=>`${e}	${h}`)],"among"),p=u(o=>r(o.map(e=>[t.slice(0,s)+e,""])),"choices");if(i!==void 0)return i.argChoices!==void 0?p(m(i,t.slice(s))):$.test(i.flags)?["files"]:["words"];if(t.startsWith("-")&&!c){let o=n.createHelp().visibleOptions(n);return r(o.map(({long:e,description:h})=>[e??"",h]))}if(n.children.length>0){let o=n.children.filter(e=>!e.name().startsWith("_")&&!e.isAlias);return r(o.map(e=>[e.name(),e.summary()||e.description()]))}let f=n.registeredArguments[d]??n.registeredArguments.findLast(o=>o.variadic);return f?.argChoices!==void 0?p(f.argChoices):f!==void 0&&$.test(f.name())?["files"]:["words"]}u(w,"complete");function _(a,l){let t=a,s,n=0,i=!1;for(let d of l){let c=t.children.find(r=>r.name()===d);s!==void 0?s=void 0:i?n++:d==="--"?i=!0:c!==void 0?t=c:/^-./.test(d)?s=t.options.find(({long:r,short:p,required:f})=>f&&(r===d||p===d)):n++}return{command:t,option:s,given:n,ended:i}}u(_,"follow");function y(a){return g[a].trim()}u(y,"completionScript");var g={bash:`
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
complete -c lukhas-upload -f -a '(__lukhas_complete upload)'`};export{w as complete,y as completionScript};
