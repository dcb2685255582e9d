#!/usr/bin/env node
import { createRequire as lukhasRequire } from 'node:module'; const require = lukhasRequire(import.meta.url);
import{a}from"./chunks/chunk-QUQRBOUR.js";import"./chunks/chunk-3JOAD7WO.js";import"./chunks/chunk-ZFCOADGW.js";import{h as r,k as o}from"./chunks/chunk-ATPDSUUU.js";import"./chunks/chunk-OQJEWDSC.js";import"./chunks/chunk-NAFXXHYU.js";var s=process.argv.slice(2),n=r(s);await o(n,()=>a(n).run(s));
