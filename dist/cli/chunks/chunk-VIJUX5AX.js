import { createRequire as lukhasRequire } from 'node:module'; const require = lukhasRequire(import.meta.url);
import{openPglite}from"./chunk-JPXJQ2MP.js";import{migrate}from"./chunk-NP2UUO73.js";async function openEmbedded(dir,options={}){let db=await openPglite(dir,options);try{return await migrate(db),db}catch(error){throw await db.close(),error}}export{openEmbedded};
