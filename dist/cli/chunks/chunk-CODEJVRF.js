import { createRequire as lukhasRequire } from 'node:module'; const require = lukhasRequire(import.meta.url);
import{a as e}from"./chunk-NAFXXHYU.js";function n(r){return Number(/ (\d+)\0?$/.exec(r)?.[1]??0)}e(n,"rowsOf");function o(){return new Error("a statement outside a transaction")}e(o,"outsideTransaction");export{n as a,o as b};
