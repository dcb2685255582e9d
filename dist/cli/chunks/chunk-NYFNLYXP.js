import { createRequire as lukhasRequire } from 'node:module'; const require = lukhasRequire(import.meta.url);
import{suiteOf}from"./chunk-3NDSLDX2.js";var most={suites:20,steps:5,ways:3};async function readSuiteNames(db,access,testName,only){let[functionName=""]=testName.split("[",1),rows=await db.query(namesSql,[access.team.id,functionName,only?.repository??null,only?.project??null]),found=new Map;for(let row of rows){let suite=found.get(row.suite)??{former:[],later:new Map};found.set(row.suite,suite);let rename={from:row.former,to:row.name,gitSha:row.git_sha??void 0,seenAt:row.created_at};row.way===0?suite.former.push(rename):suite.later.set(row.way,[...suite.later.get(row.way)??[],rename])}return[...found].map(([suite,{former,later}])=>({suite,former,later:[...later.values()]}))}var namesSql=`
  WITH RECURSIVE suites AS MATERIALIZED (
    SELECT DISTINCT a.suite_id FROM test_aliases a WHERE a.team_id = $1 AND (a.name = $2 OR a.former = $2)
      AND ($3::text IS NULL OR a.suite_id = (SELECT ${suiteOf("o")} FROM (SELECT $3::text AS repository, $4::text AS project) AS o))
    LIMIT ${most.suites}
  ), back AS (
    SELECT s.suite_id, NULL::varchar AS name, $2::varchar AS former, NULL::varchar AS git_sha, 'infinity'::timestamptz AS created_at, 0 AS step
    FROM suites s
    UNION ALL
    SELECT b.suite_id, a.name, a.former, a.git_sha, a.created_at, b.step + 1
    FROM back b CROSS JOIN LATERAL (
      SELECT a.name, a.former, a.git_sha, a.created_at FROM test_aliases a
      WHERE a.team_id = $1 AND a.suite_id = b.suite_id AND a.name = b.former AND a.created_at < b.created_at
      ORDER BY a.created_at DESC LIMIT 1) AS a
    WHERE b.step < ${most.steps}
  ), ways AS (
    SELECT w.*, row_number() OVER (PARTITION BY w.suite_id ORDER BY w.created_at DESC, w.name) AS way FROM (
      SELECT DISTINCT ON (a.suite_id, a.name) a.suite_id, a.name, a.former, a.git_sha, a.created_at
      FROM suites s JOIN test_aliases a ON a.team_id = $1 AND a.suite_id = s.suite_id AND a.former = $2
      ORDER BY a.suite_id, a.name, a.created_at DESC) AS w
  ), forth AS (
    SELECT w.suite_id, w.way, w.name, w.former, w.git_sha, w.created_at, 1 AS step FROM ways w WHERE w.way <= ${most.ways}
    UNION ALL
    SELECT f.suite_id, f.way, a.name, a.former, a.git_sha, a.created_at, f.step + 1
    FROM forth f CROSS JOIN LATERAL (
      SELECT a.name, a.former, a.git_sha, a.created_at FROM test_aliases a
      WHERE a.team_id = $1 AND a.suite_id = f.suite_id AND a.former = f.name AND a.created_at > f.created_at
      ORDER BY a.created_at DESC, a.name LIMIT 1) AS a
    WHERE f.step < ${most.steps}
  )
  SELECT suite_id::text AS suite, 0 AS way, name, former, git_sha, created_at, step FROM back WHERE step > 0
  UNION ALL
  SELECT suite_id::text, way::int, name, former, git_sha, created_at, step FROM forth
  ORDER BY suite, way, step`;export{readSuiteNames};
