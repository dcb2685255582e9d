import { createRequire as lukhasRequire } from 'node:module'; const require = lukhasRequire(import.meta.url);
import{c as a,d as b,e as c,f as d,g as e}from"./chunk-7SQF3CRR.js";import"./chunk-IJD6Z7OW.js";import"./chunk-WSJID4QK.js";import"./chunk-JY7JRNLL.js";export{c as applySuiteProperties,d as completeGitSha,b as detectContext,e as nameJob,a as overrideContext};
