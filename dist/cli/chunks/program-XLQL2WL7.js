import { createRequire as lukhasRequire } from 'node:module'; const require = lukhasRequire(import.meta.url);
import{a,b}from"./chunk-QUQRBOUR.js";import"./chunk-3JOAD7WO.js";import"./chunk-ZFCOADGW.js";import"./chunk-ATPDSUUU.js";import"./chunk-OQJEWDSC.js";import"./chunk-NAFXXHYU.js";export{b as findCommand,a as lukhas};
