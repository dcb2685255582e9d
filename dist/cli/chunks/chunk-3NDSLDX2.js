import { createRequire as lukhasRequire } from 'node:module'; const require = lukhasRequire(import.meta.url);
var bareRepository=run=>`CASE
    WHEN starts_with(lower(${run}.repository), ${run}.repository_host || '/')
      THEN substr(lower(${run}.repository), length(${run}.repository_host) + 2)
    ELSE lower(${run}.repository) END`,repositoryNames=run=>`CASE WHEN ${run}.repository IS NOT NULL
    THEN array_remove(ARRAY[${bareRepository(run)}, ${run}.repository_host || '/' || ${bareRepository(run)}], NULL) END`,sameHost=(one,other)=>`(${one} = ${other}) IS NOT FALSE`,suiteOf=run=>`md5(regexp_replace(lower(coalesce(${run}.repository, '')), '^[^/]+/(?=[^/]+/)', '') || E'\\n' || coalesce(${run}.project, ''))::uuid`;export{bareRepository,repositoryNames,sameHost,suiteOf};
