import { createRequire as lukhasRequire } from 'node:module'; const require = lukhasRequire(import.meta.url);
import{Params,isEvidence,narrowing,requireRuns,textOf}from"./chunk-W6YS4KBE.js";import{inTeam}from"./chunk-LIU7W7SA.js";var mostFailures=1e4;function listFailures(db,access,scope,limit){return inTeam(db,access,async()=>{let params=new Params(access),since=scope.since===void 0?void 0:params.add(scope.since),sinceThen=row=>since===void 0?"":`AND ${row}.created_at >= ${since}`,counts=[...narrowing("r",scope,params,db),isEvidence("r")].join(" AND "),rows=await db.query(`WITH failed AS MATERIALIZED (
         SELECT x.test_name, x.test_run_id, x.created_at,
           coalesce(x.cause_key, x.drift_signature, x.failure_signature, x.error_type, '') AS alike,
           coalesce(x.healix_memory_id, x.shared_memory_id)::text AS memory
         FROM test_results x WHERE x.team_id = $1 AND x.outcome IN ('failed', 'error') ${sinceThen("x")}
         ORDER BY x.created_at DESC, x.test_name DESC LIMIT ${mostFailures+1}
       ), found AS MATERIALIZED (
         -- Most failures are of runs that count some: the index of those gives all runs at once. A join without it would read all runs
         -- of the time, and one look per failure takes three times as long.
         SELECT f.*, r.git_branch, CASE WHEN r.id IS NOT NULL THEN (${counts}) IS TRUE END AS is_counted
         FROM (SELECT * FROM failed LIMIT ${mostFailures}) AS f LEFT JOIN test_runs r ON r.team_id = $1 AND r.failed > 0
           AND r.created_at >= (SELECT min(created_at) FROM failed) ${sinceThen("r")} AND r.id = f.test_run_id AND r.created_at = f.created_at
       ), others AS MATERIALIZED (
         -- Of runs that count errors alone, one by one (OFFSET 0).
         SELECT f.test_name, f.test_run_id, f.created_at, f.alike, f.memory, r.git_branch FROM found f CROSS JOIN LATERAL (
           SELECT r.* FROM test_runs r WHERE r.team_id = $1 AND r.id = f.test_run_id AND r.created_at = f.created_at ${sinceThen("r")} OFFSET 0) AS r
         WHERE f.is_counted IS NULL AND ${counts}
       ), ours AS NOT MATERIALIZED (
         SELECT test_name, test_run_id, created_at, alike, memory, git_branch FROM found WHERE is_counted UNION ALL SELECT * FROM others
       ), ranked AS (
         -- Grouped twice: sorting each group for its distinct runs would take as long as finding the failures.
         SELECT alike, sum(n)::int AS failures, count(*)::int AS runs, max(last_at) AS last_at, (count(*) OVER ())::int AS total, (sum(sum(n)) OVER ())::int AS seen
         FROM (SELECT alike, test_run_id, count(*) AS n, max(created_at) AS last_at FROM ours GROUP BY alike, test_run_id) AS o
         GROUP BY alike ORDER BY runs DESC, failures DESC, last_at DESC, alike LIMIT ${params.add(limit)}::int
       ), groups AS (
         SELECT k.*, count(DISTINCT o.test_name)::int AS tests, count(DISTINCT o.git_branch)::int AS branches, min(o.created_at) AS first_at, max(o.memory) AS memory,
           (array_agg(o.test_run_id ORDER BY o.created_at DESC, o.test_name))[1] AS run_id, (array_agg(o.test_name ORDER BY o.created_at DESC, o.test_name))[1] AS test_name
         FROM ranked k JOIN ours o ON o.alike = k.alike GROUP BY k.alike, k.failures, k.runs, k.last_at, k.total, k.seen
       )
       SELECT g.*, g.run_id::text AS run, x.failure_signature, x.cause_key, x.error_type, left(x.error_message, 300) AS message,
         EXISTS (SELECT FROM failed OFFSET ${mostFailures}) AS is_cut
       FROM groups g LEFT JOIN LATERAL (
         SELECT x.failure_signature, x.cause_key, x.error_type, x.error_message FROM test_results x WHERE x.team_id = $1 AND x.test_run_id = g.run_id
           AND x.created_at = g.last_at AND x.test_name = g.test_name AND x.outcome IN ('failed', 'error') LIMIT 1) AS x ON true
       ORDER BY g.runs DESC, g.failures DESC, g.last_at DESC, g.alike`,params.values),[first]=rows;return first===void 0?(await requireRuns(db,access,scope),{items:[],total:0,isCut:!1,failures:0}):{total:Number(first.total),failures:Number(first.seen),isCut:first.is_cut===!0,items:rows.map(row=>({causeKey:textOf(row.cause_key),testName:String(row.test_name),errorType:textOf(row.error_type),message:textOf(row.message),failureSignature:textOf(row.failure_signature),memoryId:textOf(row.memory),newestRunId:String(row.run),failures:Number(row.failures),tests:Number(row.tests),runs:Number(row.runs),branches:Number(row.branches),firstAt:row.first_at,lastAt:row.last_at}))}})}export{listFailures};
