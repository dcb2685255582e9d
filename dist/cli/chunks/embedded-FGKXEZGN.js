import { createRequire as lukhasRequire } from 'node:module'; const require = lukhasRequire(import.meta.url);
import{a}from"./chunk-YCODKT47.js";import"./chunk-VSKCZ2DT.js";import"./chunk-7TGSRQRI.js";import"./chunk-SH6IMHHD.js";import"./chunk-XCT5O5IT.js";import"./chunk-BAEQKDUP.js";import"./chunk-SHLNXFNF.js";import"./chunk-CZUTXVON.js";import"./chunk-NAFXXHYU.js";export{a as openEmbedded};
