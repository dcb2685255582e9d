#!/usr/bin/env node
import { createRequire as lukhasRequire } from 'node:module'; const require = lukhasRequire(import.meta.url);
import{a as x}from"./chunks/chunk-4PK4Q4TQ.js";import{a as A}from"./chunks/chunk-ORVT6RMG.js";import{a as k,b as u,c as a,e as r}from"./chunks/chunk-WEYCN5ZH.js";import{a as w,g as c,h as y,k as b}from"./chunks/chunk-SUBG7AIN.js";import{a as l}from"./chunks/chunk-5S3UZDQG.js";import{homedir as $}from"node:os";var E=`Options
  --database-url <url>   or DATABASE_URL; absent: the embedded database
  --data-dir <dir>       or LUKHAS_DATA_DIR; where the embedded database lives
  --ssl-ca <file | PEM>  or LUKHAS_SSL_CA; the certificate authority of the database server
  --json                 one JSON object on standard output
  --no-color  --help
`,v={"database-url":{type:"string"},"data-dir":{type:"string"},"ssl-ca":{type:"string"},team:{type:"string"},role:{type:"string"},name:{type:"string"},"new-password":{type:"boolean"},"months-ahead":{type:"string"},run:{type:"string"},test:{type:"string"},signature:{type:"string"},cause:{type:"string"},"probable-cause":{type:"string"},solution:{type:"string"},type:{type:"string"},"fix-file":{type:"string"},confidence:{type:"string"},limit:{type:"string"},stale:{type:"boolean"},"low-confidence":{type:"boolean"},"dry-run":{type:"boolean"},shared:{type:"boolean"},json:{type:"boolean"},"no-color":{type:"boolean"},version:{type:"boolean",short:"V"},help:{type:"boolean",short:"h"}},h={"db setup":{usage:"lukhas db setup --team <slug> [--role <login>]",what:"from an empty database to a credential for CI: schema, months, team, login",takes:["team","role"],words:0,more:`Takes an administrator's connection: a superuser, or the database's owner with CREATEROLE. Prints the connection
string of the new login once, and a workflow to paste. Run again it changes nothing that is there.

Examples
  lukhas db setup --team payments --database-url postgres://postgres:secret@db.example.com/lukhas
  url=$(lukhas db setup --team payments --json | jq -er '.database_url // empty') && printf %s "$url" | gh secret set DATABASE_URL
`},"db migrate":{usage:"lukhas db migrate",what:"bring the schema up to date",takes:[],words:0,more:`Takes an administrator's connection. Forward only, one transaction a migration, safe to run from many jobs at once.

Examples
  DATABASE_URL=postgres://postgres:secret@db.example.com/lukhas lukhas db migrate
`},"db status":{usage:"lukhas db status",what:"show schema version, login, team and months",takes:["team"],words:0,more:`Examples
  lukhas db status
  lukhas db status --json | jq .schema_version
`},"db partitions":{usage:"lukhas db partitions [--months-ahead N]",what:"make the months ahead (default 2)",takes:["months-ahead"],words:0,more:`Uploads make the month they need themselves; this makes more of them, for instance from a monthly job.

Examples
  lukhas db partitions --months-ahead 12
`},"db grant":{usage:"lukhas db grant --team <slug> --role <login> [--new-password]",what:"make a login that may upload for one team, and print its connection string once",takes:["team","role","new-password"],words:0,more:`A login works for one team and can neither read nor write another's rows, whatever it sets. A login that exists keeps its
password unless --new-password is given.

Examples
  lukhas db grant --team payments --role payments_ci
  lukhas db grant --team payments --role payments_ci --new-password --json | jq -r .database_url
`},"team add":{usage:"lukhas team add <slug> [--name <text>]",what:"add a team",takes:["name"],words:1,more:`Examples
  lukhas team add payments --name 'Payments and billing'
`},"team list":{usage:"lukhas team list",what:"list the teams and their logins",takes:[],words:0,more:`Examples
  lukhas team list --json | jq -r '.teams[].slug'
`},"healix list":{usage:"lukhas healix list [--test <text>] [--signature <signature>] [--stale] [--limit N]",what:"list what the team knows about failures, best first",takes:["team","test","signature","stale","limit","shared"],words:0,more:`--test takes any part of a test's name, --signature a failure signature (with or without md5:) or a drift signature.
--stale shows only what was not used for half a year, or failed at least three times and as often as it worked.

Examples
  lukhas healix list
  lukhas healix list --test test_database --json | jq '.memories[] | {id, solution}'
`},"healix show":{usage:"lukhas healix show <id>",what:"show one memory with everything that is known of it",takes:["team","shared"],words:1,more:`The id's first digits are enough where they tell it from all others. A suggested fix is shown as text and never run.

Examples
  lukhas healix show 3f2504e0
  lukhas healix show 3f2504e0 --json | jq -r .auto_fix_code
`},"healix add":{usage:"lukhas healix add --test <node id> --solution <text> [--cause <text>] [--run <id> | --signature <signature>] ...",what:"remember what a stored failure was and what fixes it",takes:["team","test","run","signature","cause","probable-cause","solution","type","fix-file","confidence"],words:0,more:`Signatures and error type come from the failure as it was uploaded: the test's latest, or the one named.

  --test <node id>         the test, by pytest's whole node id
  --run <id>               its failure in this run
  --signature <signature>  its latest failure with this signature, with or without md5:
  --solution <text>        what to do about it
  --cause <text>           what it was; --probable-cause <text> what is behind it
  --type <text>            env_var, dependency, code_fix, config, ... (your own words)
  --fix-file <path>        code to show beside the solution; text of at most 64 KB, never run
  --confidence <0..1>      how sure you are; default 0.5. Counts of what worked and failed move it.

Examples
  lukhas healix add --test 'tests/test_db.py::test_pool' --cause 'pool exhausted' --solution 'Raise max_connections to 200' --type config
  lukhas healix add --test 'tests/test_db.py::test_pool' --run 019ab2c4-5d00-7abc-8def-0123456789ab --solution 'See the patch' --fix-file fix.py
`},"healix worked":{usage:"lukhas healix worked <id>",what:"count that a solution worked",takes:["team","shared"],words:1,more:`Confidence becomes (worked + 1) / (worked + failed + 2). A matched test that is green on a later commit of its branch counts by
itself; this is for what uploads cannot see.

Examples
  lukhas healix worked 3f2504e0
`},"healix failed":{usage:"lukhas healix failed <id>",what:"count that a solution did not work",takes:["team","shared"],words:1,more:`Confidence becomes (worked + 1) / (worked + failed + 2).

Examples
  lukhas healix failed 3f2504e0
`},"healix retire":{usage:"lukhas healix retire <id> | --low-confidence [--dry-run]",what:"retire a memory: it matches nothing any more",takes:["team","low-confidence","dry-run","shared"],words:1,lastIsOptional:!0,more:`--low-confidence retires all memories of the team whose confidence is below 0.5 and that are older than six months, for instance
from a monthly job. Rows stay, because results refer to them.

Examples
  lukhas healix retire 3f2504e0
  lukhas healix retire --low-confidence --dry-run
`},"healix import":{usage:"lukhas healix import <file | ->",what:"import memories: all of a file or none",takes:["team","shared"],words:1,more:`An array of memories, a single one, or JSON Lines, in the form of the schema document and of \`lukhas healix export\`. test_name,
failure_signature and solution are needed. An id that is a UUID is kept, any other is replaced; a memory that is there already
under its id is left as it is. With an administrator's connection --shared imports for all teams.

Examples
  lukhas healix import memories.json
  lukhas healix export --team payments | lukhas healix import - --team search
`},"healix export":{usage:"lukhas healix export",what:"print all memories of the team as JSON that import takes",takes:["team","shared"],words:0,more:`Examples
  lukhas healix export > memories.json
`}},_=process.argv.slice(2),m=y({noColor:_.includes("--no-color")});await b(m,async()=>{let t=k(_,v),{values:e,positionals:o}=t;if(r(e,"version"))return m.out(`lukhas ${x}`),c.ok;let i=o.slice(0,2).join(" "),s=h[i],n=Object.keys(h).some(g=>g.startsWith(`${o[0]} `));if(s===void 0&&o.length>0&&!(n&&o.length===1&&r(e,"help")))throw O(o);if(r(e,"help")||s===void 0)return m.out((s===void 0?C(o[0]):S(s)).trimEnd()),r(e,"help")?c.ok:c.input;let d=U(s,t);if(o[0]==="healix"){let{runHealix:g}=await import("./chunks/healix-RS5BMLXQ.js");return g(i,{...j(e),team:a(e,"team")??p(process.env.LUKHAS_TEAM),run:a(e,"run"),test:a(e,"test"),signature:a(e,"signature"),cause:a(e,"cause"),probableCause:a(e,"probable-cause"),solution:a(e,"solution"),type:a(e,"type"),fixFile:a(e,"fix-file"),confidence:a(e,"confidence"),limit:a(e,"limit"),stale:r(e,"stale"),lowConfidence:r(e,"low-confidence"),dryRun:r(e,"dry-run"),shared:r(e,"shared"),words:d},{terminal:m,json:r(e,"json")})}let{runCommand:f}=await import("./chunks/db-WQUBOMPT.js");return f(i,{...j(e),team:a(e,"team")??p(process.env.LUKHAS_TEAM),role:a(e,"role"),name:a(e,"name"),newPassword:r(e,"new-password"),monthsAhead:a(e,"months-ahead"),words:d},{terminal:m,json:r(e,"json")})});function j(t){return{databaseUrl:a(t,"database-url")??p(process.env.DATABASE_URL),dataDir:a(t,"data-dir")??p(process.env.LUKHAS_DATA_DIR)??A(process.env,process.platform,$()),sslCa:a(t,"ssl-ca")??p(process.env.LUKHAS_SSL_CA)}}l(j,"connection");function C(t){let e=Object.entries(h).filter(([n])=>t===void 0||n.startsWith(`${t} `)),o=e.length>0?e:Object.entries(h),i=Math.max(...o.map(([,n])=>n.usage.length));return`Everything around an upload: the database, its teams and their credentials, and what is known about failures.

Usage
${o.map(([,n])=>i>60?`  ${n.usage}
      ${n.what}`:`  ${n.usage.padEnd(i)}  ${n.what}`).join(`
`)}

Examples
  lukhas db setup --team payments --database-url postgres://postgres:secret@db.example.com/lukhas
  lukhas db status
  lukhas healix list --stale

${E}
\`lukhas <command> --help\` tells more. Exit codes: 0 done, 1 a bug of ours, 2 usage, 3 the database refused or was lost.
`}l(C,"helpOf");function S(t){return`${t.usage}

${t.what[0]?.toUpperCase()}${t.what.slice(1)}.

${t.more}
${E}`}l(S,"helpOfCommand");function O(t){let e=t.slice(0,2).join(" "),o=Object.keys(h).filter(s=>s.startsWith(`${t[0]} `));if(o.length>0&&t.length===1)return u(`\`lukhas ${e}\` needs one word more`,`One of: ${o.map(s=>`lukhas ${s}`).join(", ")}.`);let i=w(e,Object.keys(h))??w(t[0]??"",["db","team","healix"]);return u(`there is no command \`lukhas ${e}\``,i===void 0?"See lukhas --help.":`Did you mean lukhas ${i}? See lukhas --help.`)}l(O,"unknownCommand");function U(t,{values:e,positionals:o}){let i=["database-url","data-dir","ssl-ca","json","no-color","version","help"];for(let d of Object.keys(e))if(!i.includes(d)&&!t.takes.some(f=>f===d))throw u(`--${d} means nothing here`,`Usage: ${t.usage}`);let s=o.slice(2),n=s.length===t.words-1&&t.lastIsOptional===!0;if(s.length!==t.words&&!n)throw u(s.length>t.words?`too many words: ${s.slice(t.words).join(" ")}`:"a word is missing",`Usage: ${t.usage}`);return s}l(U,"checkWords");function p(t){return t===void 0||t===""?void 0:t}l(p,"nonEmpty");
