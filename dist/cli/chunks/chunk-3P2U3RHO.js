import { createRequire as lukhasRequire } from 'node:module'; const require = lukhasRequire(import.meta.url);
import{openPglite}from"./chunk-3D6O3V3O.js";import{migrate}from"./chunk-FPKR2FG6.js";async function openEmbedded(dir,options={}){let db=await openPglite(dir,options);try{return await migrate(db),db}catch(error){throw await db.close(),error}}export{openEmbedded};
