import { createRequire as lukhasRequire } from 'node:module'; const require = lukhasRequire(import.meta.url);
import{matrizEnabled,readReports}from"./chunk-FPC62XJO.mjs";import{inTeam}from"./chunk-6CWUGMUW.mjs";var mostJobs=1e3;async function listJobs(db,access,commit){return(await inTeam(db,access,()=>db.query(`SELECT r.id, r.created_at, r.job_name, r.lane, r.total_tests, r.passed, r.failed, r.skipped, r.errors, r.incomplete,
         r.duration_seconds::float8 AS seconds, r.coverage_percent::float8 AS coverage, u.workflow, u.step, u.check_run_id,
         u.workflow_run_id, u.run_attempt, encode(u.payload_sha256, 'hex') AS payload, r.report_counts IS NOT NULL AS has_reports,
         NULL AS key, NULL AS reason, u.uploaded_at
       FROM test_runs r
       JOIN ingest_uploads u ON u.team_id = $1 AND u.run_id = r.id
       WHERE r.team_id = $1 AND r.git_sha = $2 AND r.git_branch IS NOT DISTINCT FROM $3
         AND u.repository IS NOT DISTINCT FROM $4 AND u.pull_request IS NOT DISTINCT FROM $5
       UNION ALL
       SELECT NULL, NULL, m.job_name, m.lane, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, m.workflow, m.step, m.check_run_id,
         m.workflow_run_id, m.run_attempt, NULL, NULL, encode(m.upload_key, 'hex'), m.reason, m.uploaded_at
       FROM missing_reports m
       WHERE m.team_id = $1 AND m.git_sha = $2 AND m.git_branch IS NOT DISTINCT FROM $3
         AND m.repository IS NOT DISTINCT FROM $4 AND m.pull_request IS NOT DISTINCT FROM $5
         -- Unless its report came later in the same attempt.
         AND NOT EXISTS (SELECT FROM ingest_uploads u
           WHERE u.team_id = $1 AND u.upload_key = m.upload_key AND u.uploaded_at > m.uploaded_at)
       ORDER BY uploaded_at DESC, id DESC LIMIT ${mostJobs}`,[access.team.id,commit.gitSha??null,commit.gitBranch??null,commit.repository??null,commit.pullRequest??null]))).map(row=>{let identity={jobName:textOf(row.job_name),lane:textOf(row.lane),workflow:textOf(row.workflow),step:textOf(row.step),checkRunId:row.check_run_id===null?void 0:Number(row.check_run_id),workflowRunId:textOf(row.workflow_run_id),runAttempt:row.run_attempt===null?void 0:Number(row.run_attempt),payloadSha256:textOf(row.payload)};return row.id===null?{...identity,runId:void 0,key:String(row.key),reason:String(row.reason)}:{...identity,runId:String(row.id),createdAt:row.created_at,hasReports:row.has_reports===!0,incomplete:row.incomplete===!0,totals:{total:Number(row.total_tests),passed:Number(row.passed),failed:Number(row.failed),skipped:Number(row.skipped),errors:Number(row.errors),durationSeconds:row.seconds===null?void 0:Number(row.seconds),coveragePercent:row.coverage===null?void 0:Number(row.coverage)}}})}async function readFailureTexts(db,access,run,testNames){return testNames.length===0?[]:(await inTeam(db,access,()=>db.query(`SELECT r.test_name, r.test_file, r.outcome, r.failure_signature, left(r.error_message, 2000) AS message,
         right(r.error_traceback, 20000) AS traceback
       FROM test_results r
       WHERE r.team_id = $1 AND r.test_run_id = $2 AND r.created_at = $3 AND r.outcome IN ('failed', 'error')
         AND r.test_name = ANY ($4)
       ORDER BY r.id`,[access.team.id,run.runId,run.createdAt,testNames]))).map(row=>({testName:String(row.test_name),testFile:textOf(row.test_file),outcome:String(row.outcome),failureSignature:textOf(row.failure_signature),message:textOf(row.message),traceback:textOf(row.traceback)}))}async function readLeastCovered(db,access,run,most){return(await inTeam(db,access,()=>db.query(`SELECT file_path, coverage_percent::float8 AS percent, missing_statements
       FROM coverage_data
       WHERE team_id = $1 AND test_run_id = $2 AND created_at = $3 AND coverage_percent < 100
       ORDER BY coverage_percent, missing_statements DESC, file_path LIMIT $4`,[access.team.id,run.runId,run.createdAt,most]))).map(row=>({filePath:String(row.file_path),coveragePercent:Number(row.percent),missingStatements:Number(row.missing_statements)}))}async function readReportCounts(db,access,run){let[row]=await inTeam(db,access,()=>db.query(`SELECT r.report_counts AS counts FROM test_runs r
       WHERE r.team_id = $1 AND r.id = $2 AND r.created_at = $3 AND octet_length(r.report_counts::text) <= $4`,[access.team.id,run.runId,run.createdAt,131072]));return row&&readReports(row.counts,run.totals)}async function readAnalysis(db,access,run){let[row]=await inTeam(db,access,()=>db.query(`SELECT r.matriz_analysis::text AS json, r.origin FROM test_runs r
       WHERE r.team_id = $1 AND r.id = $2 AND r.created_at = $3 AND pg_column_size(r.matriz_analysis) <= $4 AND ${matrizEnabled("$1")}`,[access.team.id,run.runId,run.createdAt,mostAnalysisBytes]));return row&&{json:row.json,origin:row.origin??void 0}}var mostAnalysisBytes=4194304;function textOf(value){return typeof value=="string"?value:void 0}export{listJobs,readFailureTexts,readLeastCovered,readReportCounts,readAnalysis};
