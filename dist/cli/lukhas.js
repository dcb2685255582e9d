#!/usr/bin/env node
import { createRequire as lukhasRequire } from 'node:module'; const require = lukhasRequire(import.meta.url);
import{a as f}from"./chunks/chunk-SX4XYELX.js";import{a as y}from"./chunks/chunk-BMPQ5B5D.js";import{a as w,b as l,c as r,e as d}from"./chunks/chunk-P6TESCOY.js";import{a as c,d as h,e as b,h as k}from"./chunks/chunk-H6G3X7BD.js";import{a as i}from"./chunks/chunk-5S3UZDQG.js";import{homedir as E}from"node:os";var A=`Options
  --database-url <url>   or DATABASE_URL; absent: the embedded database
  --data-dir <dir>       or LUKHAS_DATA_DIR; where the embedded database lives
  --ssl-ca <file | PEM>  or LUKHAS_SSL_CA; the certificate authority of the database server
  --json                 one JSON object on standard output
  --no-color  --help
`,$={"database-url":{type:"string"},"data-dir":{type:"string"},"ssl-ca":{type:"string"},team:{type:"string"},role:{type:"string"},name:{type:"string"},"new-password":{type:"boolean"},"months-ahead":{type:"string"},json:{type:"boolean"},"no-color":{type:"boolean"},version:{type:"boolean",short:"V"},help:{type:"boolean",short:"h"}},m={"db setup":{usage:"lukhas db setup --team <slug> [--role <login>]",what:"from an empty database to a credential for CI: schema, months, team, login",takes:["team","role"],words:0,more:`Takes an administrator's connection: a superuser, or the database's owner with CREATEROLE. Prints the connection
string of the new login once, and a workflow to paste. Run again it changes nothing that is there.

Examples
  lukhas db setup --team payments --database-url postgres://postgres:secret@db.example.com/lukhas
  lukhas db setup --team payments --json | jq -r .database_url | gh secret set DATABASE_URL
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
`}},j=process.argv.slice(2),u=b({noColor:j.includes("--no-color")});await k(u,async()=>{let e=w(j,$),{values:s,positionals:n}=e;if(d(s,"version"))return u.out(`lukhas ${f}`),h.ok;let o=n.slice(0,2).join(" "),t=m[o];if(d(s,"help")||n.length===0)return u.out((t===void 0?v(n[0]):x(t)).trimEnd()),d(s,"help")?h.ok:h.input;if(t===void 0)throw C(n);let a=_(t,e),{runCommand:g}=await import("./chunks/lukhas-command-ZUIKAFAL.js");return g(o,{databaseUrl:r(s,"database-url")??p(process.env.DATABASE_URL),dataDir:r(s,"data-dir")??p(process.env.LUKHAS_DATA_DIR)??y(process.env,process.platform,E()),sslCa:r(s,"ssl-ca")??p(process.env.LUKHAS_SSL_CA),team:r(s,"team")??p(process.env.LUKHAS_TEAM),role:r(s,"role"),name:r(s,"name"),newPassword:d(s,"new-password"),monthsAhead:r(s,"months-ahead"),words:a},{terminal:u,json:d(s,"json")})});function v(e){let s=Object.entries(m).filter(([a])=>e===void 0||a.startsWith(`${e} `)),n=s.length>0?s:Object.entries(m),o=Math.max(...n.map(([,a])=>a.usage.length));return`Everything around an upload: the database, its teams and their credentials.

Usage
${n.map(([,a])=>o>60?`  ${a.usage}
      ${a.what}`:`  ${a.usage.padEnd(o)}  ${a.what}`).join(`
`)}

Examples
  lukhas db setup --team payments --database-url postgres://postgres:secret@db.example.com/lukhas
  lukhas db status
  lukhas team list

${A}
\`lukhas <command> --help\` tells more. Exit codes: 0 done, 1 a bug of ours, 2 usage, 3 the database refused or was lost.
`}i(v,"helpOf");function x(e){return`${e.usage}

${e.what[0]?.toUpperCase()}${e.what.slice(1)}.

${e.more}
${A}`}i(x,"helpOfCommand");function C(e){let s=e.slice(0,2).join(" "),n=Object.keys(m).filter(t=>t.startsWith(`${e[0]} `));if(n.length>0&&e.length===1)return l(`\`lukhas ${s}\` needs one word more`,`One of: ${n.map(t=>`lukhas ${t}`).join(", ")}.`);let o=c(s,Object.keys(m))??c(e[0]??"",["db","team"]);return l(`there is no command \`lukhas ${s}\``,o===void 0?"See lukhas --help.":`Did you mean lukhas ${o}? See lukhas --help.`)}i(C,"unknownCommand");function _(e,{values:s,positionals:n}){let o=["database-url","data-dir","ssl-ca","json","no-color","version","help"];for(let a of Object.keys(s))if(!o.includes(a)&&!e.takes.some(g=>g===a))throw l(`--${a} means nothing here`,`Usage: ${e.usage}`);let t=n.slice(2);if(t.length!==e.words)throw l(t.length>e.words?`too many words: ${t.slice(e.words).join(" ")}`:"a word is missing",`Usage: ${e.usage}`);return t}i(_,"checkWords");function p(e){return e===void 0||e===""?void 0:e}i(p,"nonEmpty");
