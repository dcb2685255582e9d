import { createRequire as lukhasRequire } from 'node:module'; const require = lukhasRequire(import.meta.url);
import{largestMatriz,parseMatriz,readMatriz}from"./chunk-LVQMLHMV.mjs";import"./chunk-WJSXV3NN.mjs";import"./chunk-LQMWD6AG.mjs";import"./chunk-F75RRKBH.mjs";import"./chunk-KWNZNQU6.mjs";import"./chunk-DY4CTDPU.mjs";export{largestMatriz,parseMatriz,readMatriz};
