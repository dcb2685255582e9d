import { createRequire as lukhasRequire } from 'node:module'; const require = lukhasRequire(import.meta.url);
import{a as e}from"./chunk-VSKCZ2DT.js";import{a as o}from"./chunk-7TGSRQRI.js";import{a}from"./chunk-NAFXXHYU.js";async function m(r,i={}){let t=await e(r,i);try{return await o(t),t}catch(p){throw await t.close(),p}}a(m,"openEmbedded");export{m as a};
