import { createRequire as lukhasRequire } from 'node:module'; const require = lukhasRequire(import.meta.url);
import{a}from"./chunk-SQYA4B4M.js";import"./chunk-PQHV2ICX.js";import"./chunk-CTO6WXVP.js";import"./chunk-V3GECCM5.js";import"./chunk-XCT5O5IT.js";import"./chunk-3ZKGEYDR.js";import"./chunk-DOFP5NQI.js";import"./chunk-CZUTXVON.js";import"./chunk-NAFXXHYU.js";export{a as openEmbedded};
