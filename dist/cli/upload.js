#!/usr/bin/env node
import { createRequire as lukhasRequire } from 'node:module'; const require = lukhasRequire(import.meta.url);
import{d as e}from"./chunks/chunk-O74TEXF5.js";import{h as m}from"./chunks/chunk-DK3TPLKR.js";import{h as o,k as a}from"./chunks/chunk-TQ3L4L4Q.js";import"./chunks/chunk-LBHWQZQR.js";import"./chunks/chunk-NAFXXHYU.js";var n=process.argv.slice(2),r=o(n);await a(r,()=>m("lukhas-upload",r).declare(e(),r).run(n));
