import { createRequire as lukhasRequire } from 'node:module'; const require = lukhasRequire(import.meta.url);
import{isEvidence,narrowing,ofScope}from"./chunk-W6YS4KBE.js";var dayMs=864e5;function dayRows(scope,params,db,{evidence}){let{since,branch}=scope,sums=["d.team_id = $1",...narrowing("d",scope,params,db)];branch===void 0&&sums.push("d.git_branch IS NULL"),evidence&&sums.push("d.evidence");let whole=since&&params.add(new Date(Math.ceil(since.getTime()/dayMs)*dayMs));whole!==void 0&&sums.push(`d.day >= (${whole}::timestamptz AT TIME ZONE 'UTC')::date`);let days=`SELECT d.day, d.runs, d.green_runs, d.failed_runs, d.timed_runs, d.covered_runs, d.tests, d.passed, d.ran, d.seconds, d.coverage_sum
    FROM run_days d WHERE d.runs > 0 AND ${sums.join(" AND ")}`;if(whole===void 0)return`(${days})`;let failed="coalesce(r.failed, 0) + coalesce(r.errors, 0)";return`(${days} UNION ALL
    SELECT (r.created_at AT TIME ZONE 'UTC')::date, 1, (${failed} = 0)::int, (coalesce(r.failed, 0) > 0)::int, (r.duration_seconds IS NOT NULL)::int,
      (r.coverage_percent IS NOT NULL)::int, r.total_tests, coalesce(r.passed, 0), coalesce(r.passed, 0) + ${failed},
      coalesce(r.duration_seconds, 0), coalesce(r.coverage_percent, 0)
    FROM test_runs r WHERE ${ofScope("r",scope,params,db)} AND r.created_at < ${whole} ${evidence?`AND ${isEvidence("r")}`:""})`}export{dayRows};
