import { createRequire as lukhasRequire } from 'node:module'; const require = lukhasRequire(import.meta.url);
import{a as o}from"./chunk-RUHXTM6X.js";import{c as i}from"./chunk-Y3HZUGWG.js";import{a as d}from"./chunk-NAFXXHYU.js";async function c(e,t,r,n){return(await i(e,t,()=>e.query(`SELECT file_path, coverage_percent::float8 AS percent, missing_statements
       FROM coverage_data
       WHERE team_id = $1 AND test_run_id = $2 AND created_at = $3 AND coverage_percent < 100
       ORDER BY coverage_percent, missing_statements DESC, file_path LIMIT $4`,[t.team.id,r.runId,r.createdAt,n]))).map(a=>({filePath:String(a.file_path),coveragePercent:Number(a.percent),missingStatements:Number(a.missing_statements)}))}d(c,"readLeastCovered");async function _(e,t,r){let[n]=await i(e,t,()=>e.query(`SELECT r.matriz_analysis::text AS json, r.origin FROM test_runs r
       WHERE r.team_id = $1 AND r.id = $2 AND r.created_at = $3 AND pg_column_size(r.matriz_analysis) <= $4 AND ${o("$1")}`,[t.team.id,r.runId,r.createdAt,s]));return n&&{json:n.json,origin:n.origin??void 0}}d(_,"readAnalysis");var s=4194304;export{c as a,_ as b};
