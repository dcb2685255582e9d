import { createRequire as lukhasRequire } from 'node:module'; const require = lukhasRequire(import.meta.url);
import{a as _,c as m,d as S,g as f,p as t}from"./chunk-5DUO6DAS.js";import{c as d}from"./chunk-Y3HZUGWG.js";import{a as l}from"./chunk-NAFXXHYU.js";var u=1e4;function x(r,i,a,E){return d(r,i,async()=>{let s=new _(i),c=a.since===void 0?"":`AND x.created_at >= ${s.add(a.since)}`,o=await r.query(`WITH failed AS MATERIALIZED (
         SELECT x.test_name, x.test_run_id, x.created_at, x.failure_signature, x.cause_key,
           coalesce(x.cause_key, x.drift_signature, x.failure_signature, x.error_type, '') AS alike,
           coalesce(x.healix_memory_id, x.shared_memory_id)::text AS memory
         FROM test_results x WHERE x.team_id = $1 AND x.outcome IN ('failed', 'error') ${c}
         ORDER BY x.created_at DESC, x.test_name DESC LIMIT ${u+1}
       ), ours AS MATERIALIZED (
         -- Run by run (OFFSET 0): a join would read all runs of the time.
         SELECT f.*, r.git_branch FROM (SELECT * FROM failed LIMIT ${u}) AS f CROSS JOIN LATERAL (
           SELECT r.* FROM test_runs r WHERE r.team_id = $1 AND r.id = f.test_run_id AND r.created_at = f.created_at OFFSET 0) AS r
         WHERE ${S("r",a,s,r)} AND ${m("r")}
       ), ranked AS (
         -- Grouped twice: sorting each group for its distinct runs would take as long as finding the failures.
         SELECT alike, sum(n)::int AS failures, count(*)::int AS runs, max(last_at) AS last_at, (count(*) OVER ())::int AS total, (sum(sum(n)) OVER ())::int AS seen
         FROM (SELECT alike, test_run_id, count(*) AS n, max(created_at) AS last_at FROM ours GROUP BY alike, test_run_id) AS o
         GROUP BY alike ORDER BY runs DESC, failures DESC, last_at DESC, alike LIMIT ${s.add(E)}::int
       ), groups AS (
         SELECT k.*, count(DISTINCT o.test_name)::int AS tests, count(DISTINCT o.git_branch)::int AS branches, min(o.created_at) AS first_at, max(o.memory) AS memory,
           (array_agg(o.test_run_id ORDER BY o.created_at DESC, o.test_name))[1] AS run_id, (array_agg(o.test_name ORDER BY o.created_at DESC, o.test_name))[1] AS test_name
         FROM ranked k JOIN ours o ON o.alike = k.alike GROUP BY k.alike, k.failures, k.runs, k.last_at, k.total, k.seen
       )
       SELECT g.*, g.run_id::text AS run, x.failure_signature, x.cause_key, x.error_type, left(x.error_message, 300) AS message,
         (SELECT count(*) > ${u} FROM failed) AS is_cut
       FROM groups g LEFT JOIN LATERAL (
         SELECT x.failure_signature, x.cause_key, x.error_type, x.error_message FROM test_results x WHERE x.team_id = $1 AND x.test_run_id = g.run_id
           AND x.created_at = g.last_at AND x.test_name = g.test_name AND x.outcome IN ('failed', 'error') LIMIT 1) AS x ON true
       ORDER BY g.runs DESC, g.failures DESC, g.last_at DESC, g.alike`,s.values),[n]=o;return n===void 0?(await f(r,i,a),{items:[],total:0,isCut:!1,failures:0}):{total:Number(n.total),failures:Number(n.seen),isCut:n.is_cut===!0,items:o.map(e=>({causeKey:t(e.cause_key),testName:String(e.test_name),errorType:t(e.error_type),message:t(e.message),failureSignature:t(e.failure_signature),memoryId:t(e.memory),newestRunId:String(e.run),failures:Number(e.failures),tests:Number(e.tests),runs:Number(e.runs),branches:Number(e.branches),firstAt:e.first_at,lastAt:e.last_at}))}})}l(x,"listFailures");export{x as a};
