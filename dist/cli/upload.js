#!/usr/bin/env node
import { createRequire as lukhasRequire } from 'node:module'; const require = lukhasRequire(import.meta.url);
import{a as g}from"./chunks/chunk-4PK4Q4TQ.js";import{a as u,b as c,c as t,d as s,e as r}from"./chunks/chunk-WEYCN5ZH.js";import{g as p,h as m,k as h}from"./chunks/chunk-SUBG7AIN.js";import{a}from"./chunks/chunk-5S3UZDQG.js";import{getHeapSpaceStatistics as v,setFlagsFromString as y}from"node:v8";var w=16*2**20;function b(){y("--heap-growing-percent=100");let e=setInterval(()=>{let o=v().find(i=>i.space_name==="new_space");o!==void 0&&o.space_size<w||(y("--semi-space-growth-factor=1"),clearInterval(e))},20);e.unref()}a(b,"keepHeapSmall");var A=`Reads pytest's JUnit XML (and coverage.py's JSON) and stores the run in your own PostgreSQL.

Usage
  lukhas-upload [options] <report.xml | glob ...>      (- reads standard input)

Examples
  pytest --junitxml=results.xml; lukhas-upload results.xml
  lukhas-upload 'reports/**/*.xml' --coverage coverage.json
  lukhas-upload results.xml --database-url "$DATABASE_URL" --team payments --lane integration
  lukhas-upload results.xml --dry-run --json | jq 'select(.kind == "result" and .outcome == "failed")'

What to read
  --coverage <coverage.json ...>  coverage.py JSON reports; several are added up
  --rootdir <dir>                 pytest's rootdir, relative to the repository root (found by itself where possible)
  --allow-incomplete              store what is whole of a truncated report

Where to store
  --database-url <url>            or DATABASE_URL; absent: the embedded database
  --data-dir <dir>                or LUKHAS_DATA_DIR; where the embedded database lives
  --ssl-ca <file | PEM>           or LUKHAS_SSL_CA; the certificate authority of the database server
  --team <slug>                   or LUKHAS_TEAM; needed only where the credential serves several teams
  --allow-privileged-role         store even as a superuser, owner or BYPASSRLS role (skips the tenant check)
  --dry-run                       read, sign and print; touch no database

What to store beside it
  --lane <name>  --marker <name ...>  --lambda-id <id>
  --upload-key <text>             tells uploads of one job apart (matrix legs)
  --created-at <report|now|time>  default report: pytest's own start time when it is plausible, else now
  --set <column=value ...>        override a detected value: git_sha, git_branch, ci_system, python_version, ...

What to compare with
  --base-branch <name>            the branch failures are compared with; default: what the CI says, else main or master

What to say
  --json                          JSON Lines on standard output, words for people on standard error
  --fail-on <never|any|new|unknown>
                                  exit with 4 when a test failed, when a failure is new, or when one is not known to
                                  Healix; default never
  --quiet  --verbose  --no-color  --version  --help

Exit codes
  0 stored, or already stored before   2 bad input or usage        4 --fail-on applies
  1 a bug of ours                      3 the database refused or was lost
`,S={coverage:{type:"string",multiple:!0},rootdir:{type:"string"},"allow-incomplete":{type:"boolean"},"database-url":{type:"string"},"data-dir":{type:"string"},"ssl-ca":{type:"string"},team:{type:"string"},"allow-privileged-role":{type:"boolean"},"dry-run":{type:"boolean"},lane:{type:"string"},marker:{type:"string",multiple:!0},"lambda-id":{type:"string"},"upload-key":{type:"string"},"base-branch":{type:"string"},"created-at":{type:"string"},set:{type:"string",multiple:!0},json:{type:"boolean"},"fail-on":{type:"string"},quiet:{type:"boolean",short:"q"},verbose:{type:"boolean",short:"v"},"no-color":{type:"boolean"},version:{type:"boolean",short:"V"},help:{type:"boolean",short:"h"}},k={coverage:a(e=>/\.json$/i.test(e),"coverage"),marker:a(e=>/^[\w:.-]+$/.test(e)&&!/\.(?:xml|json)$/i.test(e)&&e!=="-","marker"),set:a(e=>/^[a-z_]+=/.test(e),"set")},f=process.argv.slice(2),n=m({noColor:f.includes("--no-color")});await h(n,async()=>{let{values:e,positionals:o}=u(f,S,k);if(r(e,"help"))return n.out(A.trimEnd()),p.ok;if(r(e,"version"))return n.out(`lukhas-upload ${g}`),p.ok;if(o.length===0)throw c("no report named","Name what pytest wrote with --junitxml: lukhas-upload results.xml");b();let{upload:i}=await import("./chunks/upload-RZYDERIF.js");return i({reports:[...o],coverage:s(e,"coverage"),databaseUrl:t(e,"database-url")??l(process.env.DATABASE_URL),dataDir:t(e,"data-dir")??l(process.env.LUKHAS_DATA_DIR),sslCa:t(e,"ssl-ca")??l(process.env.LUKHAS_SSL_CA),team:t(e,"team")??l(process.env.LUKHAS_TEAM),lane:t(e,"lane"),markers:s(e,"marker").flatMap(d=>d.split(",")).filter(d=>d!==""),lambdaId:t(e,"lambda-id"),rootdir:t(e,"rootdir"),uploadKey:t(e,"upload-key"),baseBranch:t(e,"base-branch"),createdAt:t(e,"created-at")??"report",set:s(e,"set"),allowIncomplete:r(e,"allow-incomplete"),allowPrivilegedRole:r(e,"allow-privileged-role"),dryRun:r(e,"dry-run"),failOn:t(e,"fail-on")??"never"},{json:r(e,"json"),quiet:r(e,"quiet"),verbose:r(e,"verbose"),terminal:n})});function l(e){return e===void 0||e===""?void 0:e}a(l,"nonEmpty");
