import { createRequire as lukhasRequire } from 'node:module'; const require = lukhasRequire(import.meta.url);
import{a,b}from"./chunk-L7MP2LCW.js";import"./chunk-4ZDBNKJU.js";import"./chunk-BH2VECIV.js";import"./chunk-J7NEY46N.js";import"./chunk-GW2DLVJB.js";import"./chunk-MJ2HIJRF.js";import"./chunk-JNU4KFVY.js";import"./chunk-5S3UZDQG.js";export{b as connectAsPerson,a as runCommand};
