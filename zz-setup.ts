import { appendFileSync, readFileSync } from 'node:fs';
import { afterAll, expect } from 'vitest';
import pg from 'pg';
const read = () => { const f = readFileSync('/proc/self/stat','utf8').replace(/^.*\) /,'').split(' '); return [11,12,13,14].map(i=>Number(f[i])/100); };
const at = read();
const t0 = Date.now();
const counts: Record<string, number> = {};
(globalThis as any).__count = (k: string) => { counts[k] = (counts[k] ?? 0) + 1; };
import cp from 'node:child_process';
import { syncBuiltinESMExports } from 'node:module';
for (const k of ['spawn','execFile','spawnSync','execFileSync'] as const) {
  const old = cp[k] as any;
  (cp as any)[k] = function (...a: any[]) { const n = String(a[0]).split('/').pop() + (String(a[0]).includes('node') ? ' ' + String(a[1]?.find((x: string) => /\.(m?js|ts)$/.test(x)) ?? '').split('/').slice(-2).join('/') : ''); counts[n] = (counts[n] ?? 0) + 1; return old.apply(this, a); };
}
syncBuiltinESMExports();
const q = pg.Client.prototype.connect; 
(pg.Client.prototype as any).connect = function (...a: any[]) { counts.pgconnect = (counts.pgconnect ?? 0) + 1; return (q as any).apply(this, a); };
const qq = pg.Client.prototype.query as any;
(pg.Client.prototype as any).query = function (...a: any[]) { const s = typeof a[0] === 'string' ? a[0] : a[0]?.text; if (/^\s*CREATE DATABASE/i.test(s ?? '')) counts.createdb = (counts.createdb ?? 0) + 1; return qq.apply(this, a); };
afterAll(() => { const b = read(); const d = b.map((x, i) => (x - at[i]!).toFixed(2)); appendFileSync('/tmp/percpu.txt', JSON.stringify({ f: expect.getState().testPath?.replace(/.*\/test\//,''), self: +d[0]! + +d[1]!, kids: +d[2]! + +d[3]!, sys: +d[1]! + +d[3]!, wall: (Date.now()-t0)/1000, counts }) + '\n'); });
