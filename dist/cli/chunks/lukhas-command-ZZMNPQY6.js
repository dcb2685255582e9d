import { createRequire as lukhasRequire } from 'node:module'; const require = lukhasRequire(import.meta.url);
import{a,b}from"./chunk-CHE5WYBZ.js";import"./chunk-4ZDBNKJU.js";import"./chunk-RAZUJN2H.js";import"./chunk-J7NEY46N.js";import"./chunk-R3GT7WFI.js";import"./chunk-MJ2HIJRF.js";import"./chunk-JNU4KFVY.js";import"./chunk-5S3UZDQG.js";export{b as connectAsPerson,a as runCommand};
