#!/usr/bin/env node
import { createRequire as lukhasRequire } from 'node:module'; const require = lukhasRequire(import.meta.url);
import{e}from"./chunks/chunk-IEIOQPCT.js";import{j as m}from"./chunks/chunk-ZJZYJTWT.js";import"./chunks/chunk-4Y5V2X5V.js";import"./chunks/chunk-ZMD7LYFA.js";import{g as o,j as a}from"./chunks/chunk-EI5M6XFR.js";import"./chunks/chunk-OT4GM4VS.js";import"./chunks/chunk-CZUTXVON.js";import"./chunks/chunk-NAFXXHYU.js";var n=process.argv.slice(2),r=o(n);await a(r,()=>m("lukhas-upload",r).declare(e(),r).run(n));
