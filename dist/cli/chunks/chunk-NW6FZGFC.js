import { createRequire as lukhasRequire } from 'node:module'; const require = lukhasRequire(import.meta.url);
import{a as _,b as T,d as E,f as O,h as y,i as f,p as c}from"./chunk-5DUO6DAS.js";import{c as R}from"./chunk-Y3HZUGWG.js";import{b as g}from"./chunk-OT4GM4VS.js";import{b as S}from"./chunk-CZUTXVON.js";import{a as u}from"./chunk-NAFXXHYU.js";var $=20,L=2e4,I={lines:100,names:2e5};function j(e,n,r,t){return R(e,n,async()=>{if((await e.query("SELECT FROM test_results r WHERE r.team_id = $1 AND r.test_name = $2 LIMIT 1",[n.team.id,t])).length>0)return t;let o=new _(n),d=E("r",r,o,e),s=await e.query(`WITH runs AS MATERIALIZED (
         SELECT r.id, r.created_at, r.line_id, r.job_name, r.lane FROM test_runs r WHERE ${d} ORDER BY r.created_at DESC LIMIT 5000
       ), newest AS MATERIALIZED (
         SELECT DISTINCT ON (coalesce(line_id::text, job_name, ''), lane) id, created_at FROM runs
         ORDER BY coalesce(line_id::text, job_name, ''), lane, created_at DESC
       )
       SELECT r.test_name AS name FROM (SELECT * FROM newest ORDER BY created_at DESC LIMIT ${$}) AS n CROSS JOIN LATERAL (
         SELECT r.test_name FROM test_results r WHERE r.team_id = $1 AND r.test_run_id = n.id AND r.created_at = n.created_at OFFSET 0) AS r
       UNION
       SELECT r.test_name FROM (
         SELECT r.test_name, r.test_run_id FROM test_results r WHERE r.team_id = $1 AND r.outcome IN ('failed', 'error')
           AND r.created_at >= (SELECT min(created_at) FROM runs)
         ORDER BY r.created_at DESC LIMIT ${L}) AS r
       ${O(r)?"WHERE r.test_run_id IN (SELECT id FROM runs)":""}`,o.values);if(s.length===0)throw await y(e,n,r);let m=s.map(({name:x})=>x),l=D(t,m);l.length===0&&(l=D(t,await N(e,n,r,t)));let[i]=l;if(i!==void 0&&l.length===1)return i;let h=JSON.stringify(t.slice(0,200));if(l.length>1)throw new S({code:"test-ambiguous",message:`${l.length} tests hold ${h}`,fix:`Give more of it: ${l.slice(0,5).map(f).join(", ")}${l.length>5?", …":""}`});let A=p(t,m);throw new S({code:"test-unknown",message:`no test holds ${h}`,fix:A.length===0?"A test is named by its node id or a part of it; `lukhas failures` lists those that failed.":`Did you mean ${A.map(f).join(", ")}?`})})}u(j,"findTest");async function N(e,n,r,t){let a=new _(n),o=E("r",r,a,e),d=r.since===void 0?"":`AND x.created_at >= ${a.add(r.since)}`,s=u((l,i)=>`(SELECT x.test_name FROM test_results x WHERE x.team_id = $1 AND x.line_id = ${l} ${i} ${d} ORDER BY x.test_name LIMIT 1)`,"next");return(await e.query(`WITH RECURSIVE of_lines AS MATERIALIZED (
       SELECT line_id FROM test_runs r WHERE ${o} AND line_id IS NOT NULL GROUP BY line_id ORDER BY max(created_at) DESC LIMIT ${I.lines}
     ), names AS (
       SELECT l.line_id, ${s("l.line_id","")} AS name FROM of_lines l
       UNION ALL
       SELECT n.line_id, ${s("n.line_id","AND x.test_name > n.name")} FROM names n WHERE n.name IS NOT NULL
     )
     SELECT DISTINCT name FROM (SELECT name FROM names LIMIT ${I.names}) AS n
     WHERE strpos(lower(name), lower(${a.add(t)}::text)) > 0`,a.values)).map(({name:l})=>l)}u(N,"namesOfOlderRuns");function D(e,n){let r=u(s=>s.replace(/\[.*$/s,""),"bare"),t=n.filter(s=>s.endsWith(e)||r(s).endsWith(e)),a=t.filter(s=>s.endsWith(`::${e}`)||r(s).endsWith(`::${e}`));if(a.length>0)return a.sort();if(t.length>0)return t.sort();let o=n.filter(s=>s.includes(e));if(o.length>0)return o.sort();let d=e.toLowerCase();return n.filter(s=>s.toLowerCase().includes(d)).sort()}u(D,"matching");function p(e,n){let r=u(d=>(d.replace(/\[.*$/s,"").split("::").at(-1)??"").replace(/^test_/,""),"bare");if(e.length>300)return[];let t=g(e,n.filter(d=>Math.abs(d.length-e.length)<=20).slice(0,5e3)),a=g(r(e),[...new Set(n.map(r))].slice(0,5e3)),o=a===void 0?[]:n.filter(d=>r(d)===a);return[...new Set([...t===void 0?[]:[t],...o])].slice(0,3)}u(p,"nearestTests");function B(e,n,r,{testName:t,limit:a}){return R(e,n,async()=>{let o=new _(n),d=o.add(t),s=r.since===void 0?"":`AND x.created_at >= ${o.add(r.since)}`,m=await e.query(`SELECT r.id::text AS run, r.created_at, r.git_branch, r.git_sha, r.job_name, r.lane, r.line_id::text AS line, ${T("r")} AS origin,
         x.outcome, x.duration_seconds::float8 AS seconds, x.attempts, x.error_type, x.failure_signature, x.cause_key,
         coalesce(x.healix_memory_id, x.shared_memory_id)::text AS memory
       FROM test_results x JOIN test_runs r ON r.team_id = $1 AND r.id = x.test_run_id AND r.created_at = x.created_at
       WHERE x.team_id = $1 AND x.test_name = ${d} ${s} AND ${E("r",r,o,e)}
       ORDER BY x.created_at DESC, x.id DESC LIMIT ${o.add(a+1)}::int`,o.values),[l]=m;if(l===void 0)throw await M(e,n,r,t);return{testName:t,runsSince:await C(e,n,r,l),more:m.length>a,runs:m.slice(0,a).map(i=>({runId:String(i.run),createdAt:i.created_at,branch:c(i.git_branch),gitSha:c(i.git_sha),jobName:c(i.job_name),lane:c(i.lane),lineId:c(i.line),origin:i.origin,outcome:i.outcome,durationSeconds:i.seconds===null?void 0:Number(i.seconds),attempts:i.attempts===null?void 0:Number(i.attempts),errorType:c(i.error_type),failureSignature:c(i.failure_signature),causeKey:c(i.cause_key),memoryId:c(i.memory)}))}})}u(B,"readTimeline");async function C(e,n,r,t){if(t.line===null)return 0;let a=new _(n),[o,d]=[a.add(String(t.line)),a.add(t.created_at)],[s]=await e.query(`SELECT count(*)::int AS n FROM (
       SELECT FROM test_runs r WHERE r.line_id = ${o}::uuid AND r.created_at > ${d} AND ${E("r",r,a,e)} LIMIT 1000) AS r`,a.values);return s?.n??0}u(C,"countRunsSince");async function M(e,n,r,t){let[a]=await e.query(`SELECT x.created_at AS at, r.git_branch AS branch FROM test_results x
     JOIN test_runs r ON r.team_id = $1 AND r.id = x.test_run_id AND r.created_at = x.created_at
     WHERE x.team_id = $1 AND x.test_name = $2 ORDER BY x.created_at DESC LIMIT 1`,[n.team.id,t]);if(a===void 0)return y(e,n,r);let o=a.branch===null?"":` on ${f(a.branch)}`;return new S({code:"range-empty",message:`no run that was asked about has the test ${f(t)}`,fix:`It ran last on ${a.at.toISOString().slice(0,10)}${o}: ask with other options.`})}u(M,"whyNoRow");export{j as a,B as b};
