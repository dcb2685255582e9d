import { createRequire as lukhasRequire } from 'node:module'; const require = lukhasRequire(import.meta.url);
var matrizEnabled=team=>`coalesce((SELECT t.features ->> 'matriz_enabled' FROM teams t WHERE t.id = ${team}), 'true') <> 'false'`;export{matrizEnabled};
