import { createRequire as lukhasRequire } from 'node:module'; const require = lukhasRequire(import.meta.url);
var cellKinds=["absent","passed","failed","error","skipped","xfailed","xpassed","again"];export{cellKinds};
