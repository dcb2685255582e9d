import { createRequire as lukhasRequire } from 'node:module'; const require = lukhasRequire(import.meta.url);
import{quoteName}from"./chunk-X4TWJAXI.js";var lineOf=run=>`coalesce(${run}.line_id, md5(json_build_array('line', ${run}.repository_host, lower(${run}.repository), ${run}.project, ${run}.lane, ${run}.job_name)::text)::uuid)`,ofPullRequest="EXISTS (SELECT FROM ingest_uploads u WHERE u.team_id = r.team_id AND u.run_id = r.id AND u.pull_request IS NOT NULL)",runFacts=`${lineOf("r")} AS line_id,
    coalesce(coalesce(r.kind, 'head') = 'head' AND r.origin IS DISTINCT FROM 'stranger' AND r.git_branch NOT LIKE '%:%'
      AND (r.git_branch IN ('main', 'master') OR EXISTS (
        SELECT FROM ingest_uploads b WHERE b.team_id = r.team_id AND b.repository = r.repository AND b.base_branch = r.git_branch
          AND b.pull_request IS NOT NULL)) AND NOT ${ofPullRequest}, false) AS on_base,
    CASE WHEN r.origin IS DISTINCT FROM 'stranger' AND coalesce(r.dirty, 0) = 0 AND r.stale IS NOT TRUE
      THEN coalesce(r.tested_git_sha, CASE WHEN r.kind = 'head' OR (r.kind IS NULL AND NOT ${ofPullRequest}) THEN r.git_sha END) END AS commit`,runsOfMonth=`runs AS MATERIALIZED (
    SELECT r.team_id, r.id, r.created_at, ${runFacts} FROM test_runs r WHERE r.created_at >= $1::timestamptz AND r.created_at < $2::timestamptz
  )`,joinedToRuns="LEFT JOIN runs r ON r.team_id = t.team_id AND r.id = t.test_run_id AND r.created_at = t.created_at",noLine=`md5(json_build_array('line'${", NULL::text".repeat(5)})::text)::uuid`,runColumns="r.line_id, r.kind, r.origin, r.git_branch, r.git_sha, r.tested_git_sha, r.dirty, r.stale, r.repository, r.repository_host, r.project, r.lane, r.job_name",resultColumns="t.created_at, t.test_name, t.outcome, t.attempts, t.duration_seconds, t.failure_signature",allResults=rows=>`
    SELECT t.team_id, coalesce(t.line_id, r.line_id, ${noLine}) AS line_id, coalesce(r.on_base, false) AS on_base,
      coalesce(r.commit, t.test_run_id::text) AS commit, ${resultColumns}
    FROM ${rows} t ${joinedToRuns}`,fewResults=(where,parts)=>`
    SELECT t.team_id, t.line_id, t.on_base, coalesce(t.commit, t.id::text) AS commit, ${resultColumns} FROM (
      SELECT r.team_id, r.id, ${runFacts}, ${resultColumns.replaceAll("t.","r.")} FROM (${parts.map(({low,high})=>`
      SELECT t.team_id, t.test_run_id AS id, coalesce(t.line_id, r.line_id) AS line_id, ${resultColumns}, ${runColumns.replace("r.line_id, ","")}
      FROM test_results t LEFT JOIN test_runs r ON r.team_id = t.team_id AND r.id = t.test_run_id AND r.created_at = t.created_at
        AND r.created_at >= ${low} AND r.created_at < ${high}
      WHERE ${where} AND t.created_at >= ${low} AND t.created_at < ${high}`).join(" UNION ALL ")} OFFSET 0) AS r) AS t`,month="date_trunc('month', t.created_at AT TIME ZONE 'UTC')::date",count=outcome=>`count(*) FILTER (WHERE t.outcome = '${outcome}')::int AS ${outcome}`,sumsOfResults=rows=>`
  SELECT team_id, line_id, month, on_base, test_name, sum(runs)::int AS runs, sum(passed)::int AS passed, sum(failed)::int AS failed,
    sum(error)::int AS errors, sum(skipped)::int AS skipped, sum(xfailed)::int AS xfailed, sum(xpassed)::int AS xpassed,
    (count(*) FILTER (WHERE repeated > 0 OR (passed > 0 AND failed + error > 0)))::int AS flaky, sum(seconds) AS seconds,
    max(last_failure) AS last_failure
  FROM (
    SELECT t.team_id, t.line_id, ${month} AS month, t.on_base, t.test_name, t.commit, count(*) AS runs, ${count("passed")}, ${count("failed")}, ${count("error")},
      ${count("skipped")}, ${count("xfailed")}, ${count("xpassed")},
      count(*) FILTER (WHERE t.outcome = 'passed' AND t.attempts > 1) AS repeated, coalesce(sum(t.duration_seconds), 0) AS seconds,
      -- The latest of them by text: an aggregate with an order of its own would have all rows sorted.
      max(CASE WHEN t.outcome IN ('failed', 'error')
        THEN to_char(t.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US') || coalesce(t.failure_signature, '') END COLLATE "C") AS last_failure
    FROM (${rows}) AS t
    GROUP BY 1, 2, 3, 4, 5, 6
  ) AS commits
  GROUP BY team_id, line_id, month, on_base, test_name`,lastFailedAt=sums=>`(left(${sums}.last_failure, 26)::timestamp AT TIME ZONE 'UTC')`,lastSignature=sums=>`nullif(substr(${sums}.last_failure, 27), '')`,counts=["runs","passed","failed","errors","skipped","xfailed","xpassed","flaky","seconds"],added=(table,names)=>names.map(name=>`${name} = ${table}.${name} + excluded.${name}`).join(", "),testId=name=>`md5(${name})::uuid`,namesSql=rows=>`
  INSERT INTO test_names (team_id, test_id, test_name)
  SELECT DISTINCT t.team_id, ${testId("t.test_name")}, t.test_name FROM ${rows} t
  ON CONFLICT (team_id, test_id) DO NOTHING`,resultsSql=rows=>`
  WITH ${runsOfMonth}
  INSERT INTO test_months AS m (team_id, line_id, month, on_base, test_id, ${counts.join(", ")}, last_failed_at, last_failure_signature)
  SELECT s.team_id, s.line_id, s.month, s.on_base, ${testId("s.test_name")}, ${counts.map(name=>`s.${name}`).join(", ")},
    ${lastFailedAt("s")}, ${lastSignature("s")}
  FROM (${sumsOfResults(allResults(rows))}) AS s
  ON CONFLICT (team_id, test_id, month, line_id, on_base) DO UPDATE SET ${added("m",counts)},
    (last_failed_at, last_failure_signature) = (
      SELECT l.at, l.signature FROM (VALUES (m.last_failed_at, m.last_failure_signature),
        (excluded.last_failed_at, excluded.last_failure_signature)) AS l (at, signature) ORDER BY l.at DESC NULLS LAST LIMIT 1)`,measures=["runs","total_statements","covered_statements","total_branches","covered_branches","percent_sum"],coverageSql=rows=>`
  WITH ${runsOfMonth}
  INSERT INTO coverage_months AS m (team_id, line_id, month, on_base, file_path, ${measures.join(", ")}, lowest_percent, highest_percent)
  SELECT t.team_id, coalesce(r.line_id, ${noLine}), ${month}, coalesce(r.on_base, false), t.file_path, count(*)::int,
    sum(t.total_statements), sum(t.covered_statements), coalesce(sum(t.total_branches), 0), coalesce(sum(t.covered_branches), 0),
    sum(t.coverage_percent), min(t.coverage_percent), max(t.coverage_percent)
  FROM ${rows} t ${joinedToRuns}
  GROUP BY 1, 2, 3, 4, 5
  ON CONFLICT (team_id, file_path, month, line_id, on_base) DO UPDATE SET ${added("m",measures)},
    lowest_percent = least(m.lowest_percent, excluded.lowest_percent),
    highest_percent = greatest(m.highest_percent, excluded.highest_percent)`,stepOf=run=>`CASE WHEN ${run}.step NOT LIKE '\\_\\_%' THEN ${run}.step END`,linesSql=`
  INSERT INTO test_lines (team_id, line_id, repository_host, repository, project, lane, job_name, step)
  SELECT DISTINCT ON (r.team_id, ${lineOf("r")}) r.team_id, ${lineOf("r")}, r.repository_host, r.repository, r.project, r.lane, r.job_name, ${stepOf("r")}
  FROM test_runs r WHERE r.created_at >= $1::timestamptz AND r.created_at < $2::timestamptz
  ORDER BY r.team_id, ${lineOf("r")}, r.created_at DESC
  ON CONFLICT (team_id, line_id) DO NOTHING`;async function rollUp(db,schema,table){let rows=`${quoteName(schema)}.${quoteName(table.name)}`,[all]=await db.query(`SELECT count(*) AS rows, min(created_at) AS "from", max(created_at) + interval '1 microsecond' AS until FROM ${rows}`),total=Number(all?.rows??0);if(total===0||table.parent==="test_runs"||!all?.from||!all.until)return{rows:total,sums:0};let time=[new Date(all.from.getTime()),new Date(all.until.getTime()+1)];await db.run(linesSql,time),table.parent==="test_results"&&await db.run(namesSql(rows));let sums=await db.run(table.parent==="test_results"?resultsSql(rows):coverageSql(rows),time);return{rows:total,sums}}export{fewResults,sumsOfResults,lastFailedAt,lastSignature,testId,stepOf,rollUp};
