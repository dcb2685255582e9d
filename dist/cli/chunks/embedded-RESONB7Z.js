import { createRequire as lukhasRequire } from 'node:module'; const require = lukhasRequire(import.meta.url);
import{a}from"./chunk-MEDQWRTD.js";import"./chunk-EIB4O7QG.js";import"./chunk-7L4BLI7V.js";import"./chunk-WCNTXYT7.js";import"./chunk-XCT5O5IT.js";import"./chunk-NUTHYRAZ.js";import"./chunk-EQEL3YMM.js";import"./chunk-CZUTXVON.js";import"./chunk-NAFXXHYU.js";export{a as openEmbedded};
