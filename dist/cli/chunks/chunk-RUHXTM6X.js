import { createRequire as lukhasRequire } from 'node:module'; const require = lukhasRequire(import.meta.url);
import{a as t}from"./chunk-NAFXXHYU.js";var a=t(e=>`coalesce((SELECT t.features ->> 'matriz_enabled' FROM teams t WHERE t.id = ${e}), 'true') <> 'false'`,"matrizEnabled");export{a};
