#!/usr/bin/env node
import { createRequire as lukhasRequire } from 'node:module'; const require = lukhasRequire(import.meta.url);
import{d as e}from"./chunks/chunk-76YAI52F.js";import"./chunks/chunk-YSVCYYBB.js";import{j as m}from"./chunks/chunk-MLO322XW.js";import{g as o,j as a}from"./chunks/chunk-I6RC3G32.js";import"./chunks/chunk-WSJID4QK.js";import"./chunks/chunk-JY7JRNLL.js";var n=process.argv.slice(2),r=o(n);await a(r,()=>m("lukhas-upload",r).declare(e(),r).run(n));
