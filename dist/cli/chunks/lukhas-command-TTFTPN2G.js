import { createRequire as lukhasRequire } from 'node:module'; const require = lukhasRequire(import.meta.url);
import{a,b}from"./chunk-2QFEKJII.js";import"./chunk-J4ODCRQQ.js";import"./chunk-BH2VECIV.js";import"./chunk-4X5KIFBT.js";import"./chunk-GW2DLVJB.js";import"./chunk-MJ2HIJRF.js";import"./chunk-JNU4KFVY.js";import"./chunk-5S3UZDQG.js";export{b as connectAsPerson,a as runCommand};
