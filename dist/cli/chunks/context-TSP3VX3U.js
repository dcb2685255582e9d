import { createRequire as lukhasRequire } from 'node:module'; const require = lukhasRequire(import.meta.url);
import{c as a,d as b,e as c,f as d,g as e}from"./chunk-7KW6FAAE.js";import"./chunk-42UOUFPD.js";import"./chunk-OT4GM4VS.js";import"./chunk-CZUTXVON.js";import"./chunk-NAFXXHYU.js";export{c as applySuiteProperties,d as completeGitSha,b as detectContext,e as nameJob,a as overrideContext};
