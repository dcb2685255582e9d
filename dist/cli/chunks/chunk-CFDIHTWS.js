import { createRequire as lukhasRequire } from 'node:module'; const require = lukhasRequire(import.meta.url);
import{a as t}from"./chunk-NAFXXHYU.js";var r=t(o=>`CASE
    WHEN starts_with(lower(${o}.repository), ${o}.repository_host || '/')
      THEN substr(lower(${o}.repository), length(${o}.repository_host) + 2)
    ELSE lower(${o}.repository) END`,"bareRepository"),e=t(o=>`CASE WHEN ${o}.repository IS NOT NULL
    THEN array_remove(ARRAY[${r(o)}, ${o}.repository_host || '/' || ${r(o)}], NULL) END`,"repositoryNames"),i=t((o,s)=>`(${o} = ${s}) IS NOT FALSE`,"sameHost");export{r as a,e as b,i as c};
