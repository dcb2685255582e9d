import { createRequire as lukhasRequire } from 'node:module'; const require = lukhasRequire(import.meta.url);
import{a}from"./chunk-Z6YZ53CU.js";import"./chunk-HZ52V4CV.js";import"./chunk-7THVPM7F.js";import"./chunk-MP5ZJYW6.js";import"./chunk-XCT5O5IT.js";import"./chunk-7ZMH6ZA3.js";import"./chunk-DOFP5NQI.js";import"./chunk-CZUTXVON.js";import"./chunk-NAFXXHYU.js";export{a as openEmbedded};
