import { createRequire as lukhasRequire } from 'node:module'; const require = lukhasRequire(import.meta.url);
import{a,b}from"./chunk-M6AB2OKF.js";import"./chunk-MVETH6WO.js";import"./chunk-V2WWFDP2.js";import"./chunk-WI3YRASV.js";import"./chunk-3QL5YB5Q.js";import"./chunk-MJ2HIJRF.js";import"./chunk-7227ZUKM.js";import"./chunk-5S3UZDQG.js";export{b as connectAsPerson,a as runCommand};
