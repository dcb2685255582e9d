import { createRequire as lukhasRequire } from 'node:module'; const require = lukhasRequire(import.meta.url);
import{a}from"./chunk-57MFYE55.js";import"./chunk-OIH3XZ2S.js";import"./chunk-UGH3JXTA.js";import"./chunk-UIAUMHDJ.js";import"./chunk-XCT5O5IT.js";import"./chunk-BCLB2F4L.js";import"./chunk-SHLNXFNF.js";import"./chunk-CZUTXVON.js";import"./chunk-NAFXXHYU.js";export{a as openEmbedded};
