#!/usr/bin/env node
import { createRequire as lukhasRequire } from 'node:module'; const require = lukhasRequire(import.meta.url);
import{d as e}from"./chunks/chunk-VGRVDK24.js";import{h as m}from"./chunks/chunk-LXS3M67N.js";import{h as o,k as a}from"./chunks/chunk-U7BTEZYF.js";import"./chunks/chunk-CZUTXVON.js";import"./chunks/chunk-NAFXXHYU.js";var n=process.argv.slice(2),r=o(n);await a(r,()=>m("lukhas-upload",r).declare(e(),r).run(n));
