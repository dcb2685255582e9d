import { createRequire as lukhasRequire } from 'node:module'; const require = lukhasRequire(import.meta.url);
import{a as d,c as _,d as m,g as S,p as t}from"./chunk-HA3R47UH.js";import{c as l}from"./chunk-L3WFKYGS.js";import{a as o}from"./chunk-NAFXXHYU.js";var E=1e4;function x(r,i,a,f){return l(r,i,async()=>{let s=new d(i),c=a.since===void 0?"":`AND x.created_at >= ${s.add(a.since)}`,u=await r.query(`WITH failed AS MATERIALIZED (
         SELECT x.test_name, x.test_run_id, x.created_at, x.failure_signature, x.cause_key,
           coalesce(x.cause_key, x.drift_signature, x.failure_signature, x.error_type, '') AS alike,
           coalesce(x.healix_memory_id, x.shared_memory_id)::text AS memory
         FROM test_results x WHERE x.team_id = $1 AND x.outcome IN ('failed', 'error') ${c}
         ORDER BY x.created_at DESC LIMIT ${E+1}
       ), ours AS MATERIALIZED (
         -- Run by run (OFFSET 0): a join would read all runs of the time.
         SELECT f.*, r.git_branch FROM failed f CROSS JOIN LATERAL (
           SELECT r.* FROM test_runs r WHERE r.team_id = $1 AND r.id = f.test_run_id AND r.created_at = f.created_at OFFSET 0) AS r
         WHERE ${m("r",a,s,r)} AND ${_("r")}
       ), ranked AS (
         -- Grouped twice: sorting each group for its distinct runs would take as long as finding the failures.
         SELECT alike, sum(n)::int AS failures, count(*)::int AS runs, max(last_at) AS last_at, (count(*) OVER ())::int AS total, (sum(sum(n)) OVER ())::int AS seen
         FROM (SELECT alike, test_run_id, count(*) AS n, max(created_at) AS last_at FROM ours GROUP BY alike, test_run_id) AS o
         GROUP BY alike ORDER BY runs DESC, failures DESC, last_at DESC, alike LIMIT ${s.add(f)}::int
       ), groups AS (
         SELECT k.*, o.* FROM ranked k CROSS JOIN LATERAL (
           SELECT count(DISTINCT test_name)::int AS tests, count(DISTINCT git_branch)::int AS branches, min(created_at) AS first_at, max(memory) AS memory,
             (array_agg(test_run_id ORDER BY created_at DESC, test_name))[1] AS run_id, (array_agg(test_name ORDER BY created_at DESC, test_name))[1] AS test_name
           FROM ours WHERE ours.alike = k.alike) AS o
       )
       SELECT g.*, g.run_id::text AS run, x.failure_signature, x.cause_key, x.error_type, left(x.error_message, 300) AS message,
         (SELECT count(*) > ${E} FROM failed) AS is_cut
       FROM groups g LEFT JOIN LATERAL (
         SELECT x.failure_signature, x.cause_key, x.error_type, x.error_message FROM test_results x WHERE x.team_id = $1 AND x.test_run_id = g.run_id
           AND x.created_at = g.last_at AND x.test_name = g.test_name AND x.outcome IN ('failed', 'error') LIMIT 1) AS x ON true
       ORDER BY g.runs DESC, g.failures DESC, g.last_at DESC, g.alike`,s.values),[n]=u;return n===void 0?(await S(r,i,a),{items:[],total:0,isCut:!1,failures:0}):{total:Number(n.total),failures:Number(n.seen),isCut:n.is_cut===!0,items:u.map(e=>({causeKey:t(e.cause_key),testName:String(e.test_name),errorType:t(e.error_type),message:t(e.message),failureSignature:t(e.failure_signature),memoryId:t(e.memory),newestRunId:String(e.run),failures:Number(e.failures),tests:Number(e.tests),runs:Number(e.runs),branches:Number(e.branches),firstAt:e.first_at,lastAt:e.last_at}))}})}o(x,"listFailures");export{x as a};
