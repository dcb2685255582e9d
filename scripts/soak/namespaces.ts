// Two PID namespaces, as two containers have them, upload into one embedded database, and owners of its lock are killed: every
// upload that was acknowledged is kept, and a killed owner's folder is free again within 35 s. Needs Linux, root and util-linux.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { openPglite } from '../../src/store/database/pglite.ts';
import { beginIn } from '../../src/store/database/search-path.ts';
import type { Findings, Part } from './world.ts';

const mostTakeoverMs = 35_000;
const tests = 40;
const program = fileURLToPath(new URL('../../dist/cli/upload.js', import.meta.url));

/** A process that keeps a PID namespace open, and its id as seen from here. */
async function openNamespace(): Promise<{ readonly keeper: ChildProcess; readonly pid: number }> {
  const keeper = spawn(
    'unshare',
    ['--pid', '--fork', '--mount-proc', '--kill-child', 'sh', '-c', 'echo ready; exec sleep 3600'],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  await new Promise((resolve, reject) => {
    keeper.once('error', reject);
    keeper.stdout?.once('data', resolve);
    keeper.once('exit', (code) => reject(new Error(`unshare ended with ${code}`)));
  });
  const children = await readFile(`/proc/${keeper.pid}/task/${keeper.pid}/children`, 'utf8');
  return { keeper, pid: Number(children.trim().split(' ')[0]) };
}

function within(namespace: number, command: readonly string[]): string[] {
  return ['-t', String(namespace), '-p', '-m', '--', ...command];
}

/** The lock as it is now; undefined where nobody holds it. */
async function readLock(dir: string): Promise<{ readonly pid: number; readonly token: string } | undefined> {
  try {
    return JSON.parse(await readFile(path.join(dir, 'lock'), 'utf8'));
  } catch {
    return undefined;
  }
}

async function run(findings: Findings, uploads: number): Promise<void> {
  const kills = Math.min(6, Math.floor(uploads / 5));
  const dir = await mkdtemp(path.join(tmpdir(), 'lukhas-namespaces-'));
  const report = path.join(dir, 'report.xml');
  const cases = Array.from({ length: tests }, (_, i) => `<testcase classname="t" name="test_${i}"/>`);
  await writeFile(report, `<testsuites><testsuite name="pytest">${cases.join('')}</testsuite></testsuites>`);
  const place = path.join(dir, 'database');
  const namespaces = [await openNamespace(), await openNamespace()];
  const acknowledged = new Set<string>();
  const takeovers: number[] = [];
  let isHunting = false;
  let killed: { readonly at: number; readonly by: number } | undefined;
  let killsLeft = kills;

  /** Ends with the exit code; null where it was killed. */
  function upload(side: number, key: string): Promise<number | null> {
    const pid = namespaces[side]?.pid ?? 0;
    const words = [process.execPath, program, report, '--data-dir', place, '--upload-key', key, '--quiet'];
    return new Promise((resolve, reject) => {
      const child = spawn('nsenter', within(pid, words), { stdio: ['ignore', 'ignore', 'inherit'] });
      child.once('error', reject);
      child.once('close', (code, signal) => resolve(signal === null && code !== 137 ? code : null));
    });
  }

  /** Until somebody else has the lock. */
  async function watchTakeover(token: string, kill: NonNullable<typeof killed>): Promise<void> {
    for (;;) {
      const now = (await readLock(place))?.token;
      if (now !== undefined && now !== token) break;
      await sleep(20);
    }
    takeovers.push(performance.now() - kill.at);
    killed = undefined;
  }

  /** Kills whoever holds the lock next, and is of that side. */
  async function killOwner(side: number, ended: () => boolean): Promise<void> {
    const before = (await readLock(place))?.token;
    const namespace = `pid:[${spawnSync(
      'nsenter',
      within(namespaces[side]?.pid ?? 0, ['readlink', '/proc/self/ns/pid']),
    )
      .stdout.toString()
      .slice(5, -2)}]`;
    while (!ended()) {
      const lock = (await readLock(place)) as
        | { readonly pid: number; readonly token: string; readonly namespace?: string }
        | undefined;
      if (lock !== undefined && lock.token !== before && lock.namespace === namespace) {
        await sleep(Math.random() * 1_200);
        if ((await readLock(place))?.token !== lock.token) continue;
        spawnSync('nsenter', within(namespaces[side]?.pid ?? 0, ['kill', '-9', String(lock.pid)]));
        killed = { at: performance.now(), by: side };
        killsLeft--;
        void watchTakeover(lock.token, killed);
        return;
      }
      await sleep(10);
    }
  }

  try {
    const waiting = Array.from({ length: uploads }, (_, n) => `upload ${n}`);
    const work = async (side: number): Promise<void> => {
      while (acknowledged.size < uploads) {
        const key = waiting.shift();
        // The other side is to find the folder of a killed owner.
        if (key === undefined || killed?.by === side) {
          if (key !== undefined) waiting.push(key);
          await sleep(50);
          continue;
        }
        let over = false;
        const every = Math.floor(uploads / Math.max(kills, 1));
        const isVictim =
          killsLeft > 0 &&
          acknowledged.size >= (kills - killsLeft) * every &&
          killed === undefined &&
          !isHunting;
        isHunting ||= isVictim;
        const killing = isVictim ? killOwner(side, () => over) : undefined;
        const code = await upload(side, key);
        over = true;
        await killing;
        if (isVictim) isHunting = false;
        if (code === 0) {
          acknowledged.add(key);
        } else if (code === null) {
          findings.say(`${key}: its process was killed in namespace ${side}`);
          waiting.push(key);
        } else throw new Error(`${key} ended with ${code}`);
      }
    };
    await Promise.all([0, 1].map(work));
    const db = await openPglite(place);
    const rows = await db.transaction(
      () =>
        db.query<{ runs: number; results: number }>(
          `SELECT (SELECT count(*) FROM test_runs) AS runs, (SELECT count(*) FROM test_results) AS results`,
        ),
      { begin: beginIn('public') },
    );
    await db.close();
    const worst = Math.max(0, ...takeovers);
    findings.say(
      `${acknowledged.size} uploads acknowledged from two PID namespaces, ${kills - killsLeft} owners killed, ${takeovers.length} takeovers, at most ${(worst / 1000).toFixed(1)} s`,
    );
    findings.say(`stored: ${rows[0]?.runs} runs, ${rows[0]?.results} results`);
    const isWhole = rows[0]?.runs === acknowledged.size && rows[0]?.results === acknowledged.size * tests;
    if (!isWhole || acknowledged.size !== uploads || worst > mostTakeoverMs)
      findings.wrong(`rows are missing, or a takeover took ${(worst / 1000).toFixed(1)} s`);
  } finally {
    for (const { keeper } of namespaces) keeper.kill('SIGKILL');
    await rm(dir, { recursive: true, force: true });
  }
}

export const namespaces: Part = {
  name: 'namespaces',
  count: 50,
  what: 'uploads from two PID namespaces into one embedded folder, six of its owners killed: taken over within 35 s',
  slice: [
    'test/store/database/pglite.test.ts: keeps a second one out until the first is released, and says for whom it waits',
  ],
  run: async (findings, count) => {
    const canShare =
      userInfo().uid === 0 && spawnSync('unshare', ['--pid', '--fork', '--mount-proc', 'true']).status === 0;
    if (canShare) await run(findings, count);
    else findings.say('skipped: namespaces take Linux, root and util-linux');
  },
};
