import { createRequire as lukhasRequire } from 'node:module'; const require = lukhasRequire(import.meta.url);
var o="0.1.0";export{o as a};
