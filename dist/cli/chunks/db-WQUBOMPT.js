import { createRequire as lukhasRequire } from 'node:module'; const require = lukhasRequire(import.meta.url);
import{a,b}from"./chunk-LE6DK6ZV.js";import"./chunk-WEYCN5ZH.js";import"./chunk-OPJJOALR.js";import"./chunk-SUBG7AIN.js";import"./chunk-INWRE7KX.js";import"./chunk-GFY5LCEY.js";import"./chunk-WRH4YBX5.js";import"./chunk-5S3UZDQG.js";export{b as connectAsPerson,a as runCommand};
