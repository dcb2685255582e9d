import { createRequire as lukhasRequire } from 'node:module'; const require = lukhasRequire(import.meta.url);
import{k as l}from"./chunk-BAEQKDUP.js";import{a as e}from"./chunk-NAFXXHYU.js";var o=e(t=>`coalesce(${t}.line_id, md5(json_build_array('line', ${t}.repository_host, lower(${t}.repository), ${t}.project, ${t}.lane, ${t}.job_name)::text)::uuid)`,"lineOf"),u="EXISTS (SELECT FROM ingest_uploads u WHERE u.team_id = r.team_id AND u.run_id = r.id AND u.pull_request IS NOT NULL)",S=`${o("r")} AS line_id,
    coalesce(coalesce(r.kind, 'head') = 'head' AND r.origin IS DISTINCT FROM 'stranger' AND r.git_branch NOT LIKE '%:%'
      AND (r.git_branch IN ('main', 'master') OR EXISTS (
        SELECT FROM ingest_uploads b WHERE b.team_id = r.team_id AND b.repository = r.repository AND b.base_branch = r.git_branch
          AND b.pull_request IS NOT NULL)) AND NOT ${u}, false) AS on_base,
    CASE WHEN r.origin IS DISTINCT FROM 'stranger' AND coalesce(r.dirty, 0) = 0 AND r.stale IS NOT TRUE
      THEN coalesce(r.tested_git_sha, CASE WHEN r.kind = 'head' OR (r.kind IS NULL AND NOT ${u}) THEN r.git_sha END) END AS commit`,p=`runs AS MATERIALIZED (
    SELECT r.team_id, r.id, r.created_at, ${S} FROM test_runs r WHERE r.created_at >= $1::timestamptz AND r.created_at < $2::timestamptz
  )`,N="LEFT JOIN runs r ON r.team_id = t.team_id AND r.id = t.test_run_id AND r.created_at = t.created_at",T=`md5(json_build_array('line'${", NULL::text".repeat(5)})::text)::uuid`,f="r.line_id, r.kind, r.origin, r.git_branch, r.git_sha, r.tested_git_sha, r.dirty, r.stale, r.repository, r.repository_host, r.project, r.lane, r.job_name",_="t.created_at, t.test_name, t.outcome, t.attempts, t.duration_seconds, t.failure_signature",D=e(t=>`
    SELECT t.team_id, coalesce(t.line_id, r.line_id, ${T}) AS line_id, coalesce(r.on_base, false) AS on_base,
      coalesce(r.commit, t.test_run_id::text) AS commit, ${_}
    FROM ${t} t ${N}`,"allResults"),M=e((t,r)=>`
    SELECT t.team_id, t.line_id, t.on_base, coalesce(t.commit, t.id::text) AS commit, ${_} FROM (
      SELECT r.team_id, r.id, ${S}, ${_.replaceAll("t.","r.")} FROM (${r.map(({low:s,high:a})=>`
      SELECT t.team_id, t.test_run_id AS id, coalesce(t.line_id, r.line_id) AS line_id, ${_}, ${f.replace("r.line_id, ","")}
      FROM test_results t LEFT JOIN test_runs r ON r.team_id = t.team_id AND r.id = t.test_run_id AND r.created_at = t.created_at
        AND r.created_at >= ${s} AND r.created_at < ${a}
      WHERE ${t} AND t.created_at >= ${s} AND t.created_at < ${a}`).join(" UNION ALL ")} OFFSET 0) AS r) AS t`,"fewResults"),A="date_trunc('month', t.created_at AT TIME ZONE 'UTC')::date",n=e(t=>`count(*) FILTER (WHERE t.outcome = '${t}')::int AS ${t}`,"count"),I=e(t=>`
  SELECT team_id, line_id, month, on_base, test_name, sum(runs)::int AS runs, sum(passed)::int AS passed, sum(failed)::int AS failed,
    sum(error)::int AS errors, sum(skipped)::int AS skipped, sum(xfailed)::int AS xfailed, sum(xpassed)::int AS xpassed,
    (count(*) FILTER (WHERE repeated > 0 OR (passed > 0 AND failed + error > 0)))::int AS flaky, sum(seconds) AS seconds,
    max(last_failure) AS last_failure
  FROM (
    SELECT t.team_id, t.line_id, ${A} AS month, t.on_base, t.test_name, t.commit, count(*) AS runs, ${n("passed")}, ${n("failed")}, ${n("error")},
      ${n("skipped")}, ${n("xfailed")}, ${n("xpassed")},
      count(*) FILTER (WHERE t.outcome = 'passed' AND t.attempts > 1) AS repeated, coalesce(sum(t.duration_seconds), 0) AS seconds,
      -- The latest of them by text: an aggregate with an order of its own would have all rows sorted.
      max(CASE WHEN t.outcome IN ('failed', 'error')
        THEN to_char(t.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US') || coalesce(t.failure_signature, '') END COLLATE "C") AS last_failure
    FROM (${t}) AS t
    GROUP BY 1, 2, 3, 4, 5, 6
  ) AS commits
  GROUP BY team_id, line_id, month, on_base, test_name`,"sumsOfResults"),R=e(t=>`(left(${t}.last_failure, 26)::timestamp AT TIME ZONE 'UTC')`,"lastFailedAt"),h=e(t=>`nullif(substr(${t}.last_failure, 27), '')`,"lastSignature"),c=["runs","passed","failed","errors","skipped","xfailed","xpassed","flaky","seconds"],$=e((t,r)=>r.map(s=>`${s} = ${t}.${s} + excluded.${s}`).join(", "),"added"),g=e(t=>`md5(${t})::uuid`,"testId"),L=e(t=>`
  INSERT INTO test_names (team_id, test_id, test_name)
  SELECT DISTINCT t.team_id, ${g("t.test_name")}, t.test_name FROM ${t} t
  ON CONFLICT (team_id, test_id) DO NOTHING`,"namesSql"),C=e(t=>`
  WITH ${p}
  INSERT INTO test_months AS m (team_id, line_id, month, on_base, test_id, ${c.join(", ")}, last_failed_at, last_failure_signature)
  SELECT s.team_id, s.line_id, s.month, s.on_base, ${g("s.test_name")}, ${c.map(r=>`s.${r}`).join(", ")},
    ${R("s")}, ${h("s")}
  FROM (${I(D(t))}) AS s
  ON CONFLICT (team_id, test_id, month, line_id, on_base) DO UPDATE SET ${$("m",c)},
    (last_failed_at, last_failure_signature) = (
      SELECT l.at, l.signature FROM (VALUES (m.last_failed_at, m.last_failure_signature),
        (excluded.last_failed_at, excluded.last_failure_signature)) AS l (at, signature) ORDER BY l.at DESC NULLS LAST LIMIT 1)`,"resultsSql"),E=["runs","total_statements","covered_statements","total_branches","covered_branches","percent_sum"],b=e(t=>`
  WITH ${p}
  INSERT INTO coverage_months AS m (team_id, line_id, month, on_base, file_path, ${E.join(", ")}, lowest_percent, highest_percent)
  SELECT t.team_id, coalesce(r.line_id, ${T}), ${A}, coalesce(r.on_base, false), t.file_path, count(*)::int,
    sum(t.total_statements), sum(t.covered_statements), coalesce(sum(t.total_branches), 0), coalesce(sum(t.covered_branches), 0),
    sum(t.coverage_percent), min(t.coverage_percent), max(t.coverage_percent)
  FROM ${t} t ${N}
  GROUP BY 1, 2, 3, 4, 5
  ON CONFLICT (team_id, file_path, month, line_id, on_base) DO UPDATE SET ${$("m",E)},
    lowest_percent = least(m.lowest_percent, excluded.lowest_percent),
    highest_percent = greatest(m.highest_percent, excluded.highest_percent)`,"coverageSql"),x=e(t=>`CASE WHEN ${t}.step NOT LIKE '\\_\\_%' THEN ${t}.step END`,"stepOf"),F=`
  INSERT INTO test_lines (team_id, line_id, repository_host, repository, project, lane, job_name, step)
  SELECT DISTINCT ON (r.team_id, ${o("r")}) r.team_id, ${o("r")}, r.repository_host, r.repository, r.project, r.lane, r.job_name, ${x("r")}
  FROM test_runs r WHERE r.created_at >= $1::timestamptz AND r.created_at < $2::timestamptz
  ORDER BY r.team_id, ${o("r")}, r.created_at DESC
  ON CONFLICT (team_id, line_id) DO NOTHING`;async function w(t,r,s){let a=`${l(r)}.${l(s.name)}`,[i]=await t.query(`SELECT count(*) AS rows, min(created_at) AS "from", max(created_at) + interval '1 microsecond' AS until FROM ${a}`),d=Number(i?.rows??0);if(d===0||s.parent==="test_runs"||!i?.from||!i.until)return{rows:d,sums:0};let m=[new Date(i.from.getTime()),new Date(i.until.getTime()+1)];await t.run(F,m),s.parent==="test_results"&&await t.run(L(a));let O=await t.run(s.parent==="test_results"?C(a):b(a),m);return{rows:d,sums:O}}e(w,"rollUp");export{M as a,I as b,R as c,h as d,g as e,x as f,w as g};
