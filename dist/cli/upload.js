#!/usr/bin/env node
import { createRequire as lukhasRequire } from 'node:module'; const require = lukhasRequire(import.meta.url);
import{d as e}from"./chunks/chunk-6R4XKTUI.js";import{h as m}from"./chunks/chunk-DUN6EEO5.js";import{h as o,k as a}from"./chunks/chunk-BFVSRKFM.js";import"./chunks/chunk-2UGR6WZV.js";import"./chunks/chunk-NAFXXHYU.js";var n=process.argv.slice(2),r=o(n);await a(r,()=>m("lukhas-upload",r).declare(e(),r).run(n));
