import { createRequire as lukhasRequire } from 'node:module'; const require = lukhasRequire(import.meta.url);
import{c as u,d as _,e as l}from"./chunk-5DUO6DAS.js";import{a as i}from"./chunk-NAFXXHYU.js";var f=864e5;function N(r,s,a,{evidence:t}){let{since:n,branch:p}=r,e=["d.team_id = $1",...l("d",r,s,a)];p===void 0&&e.push("d.git_branch IS NULL"),t&&e.push("d.evidence");let d=n&&s.add(new Date(Math.ceil(n.getTime()/f)*f));d!==void 0&&e.push(`d.day >= (${d}::timestamptz AT TIME ZONE 'UTC')::date`);let o=`SELECT d.day, d.runs, d.green_runs, d.failed_runs, d.timed_runs, d.covered_runs, d.tests, d.passed, d.ran, d.seconds, d.coverage_sum
    FROM run_days d WHERE d.runs > 0 AND ${e.join(" AND ")}`;if(d===void 0)return`(${o})`;let c="coalesce(r.failed, 0) + coalesce(r.errors, 0)";return`(${o} UNION ALL
    SELECT (r.created_at AT TIME ZONE 'UTC')::date, 1, (${c} = 0)::int, (coalesce(r.failed, 0) > 0)::int, (r.duration_seconds IS NOT NULL)::int,
      (r.coverage_percent IS NOT NULL)::int, r.total_tests, coalesce(r.passed, 0), coalesce(r.passed, 0) + ${c},
      coalesce(r.duration_seconds, 0), coalesce(r.coverage_percent, 0)
    FROM test_runs r WHERE ${_("r",r,s,a)} AND r.created_at < ${d} ${t?`AND ${u("r")}`:""})`}i(N,"dayRows");export{N as a};
