// Connections that are cut and frozen at any byte, direct and through PgBouncer, and a server that is away.
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Fault, startFaultProxy } from '../../test/support/fault-proxy.ts';
import { type Pooler, startPgBouncer } from '../../test/support/pgbouncer.ts';
import { type Findings, openWorld, type Part, upload, type World } from './world.ts';

const awayMs = 60_000;
const mostFrozenMs = 35_000;

/** With the ways to its server: direct, and through a pooler where one is installed. */
async function openWays(
  findings: Findings,
): Promise<{ world: World; ways: [string, string][]; stop(): Promise<void> }> {
  const world = await openWorld();
  // Frozen connections keep their places in it for two minutes.
  const pooler: Pooler | undefined = await startPgBouncer(world.team.url, {
    adminUrl: world.server.adminUrl,
    poolSize: 60,
  });
  if (pooler === undefined) findings.say('pgbouncer is not installed: direct connections only');
  const ways: [string, string][] = [['direct', world.team.url]];
  if (pooler !== undefined) ways.push(['pooled', pooler.url(world.team.url)]);
  const stop = async () => {
    await pooler?.stop();
    await world.stop();
  };
  return { world, ways, stop };
}

/** A proxy for each worker, and the bytes of a whole conversation. */
async function proxiesTo(world: World, url: string, count: number) {
  const { hostname, port } = new URL(url);
  const proxies = await Promise.all(
    Array.from({ length: count }, () => startFaultProxy({ host: hostname, port: Number(port) })),
  );
  const [first] = proxies;
  if (first === undefined) throw new Error('no worker');
  await upload(world, `measure ${Math.random()}`, first.url(url));
  return { proxies, traffic: first.traffic.at(-1) ?? { up: 0, down: 0 } };
}

function faultIn(
  { random }: Findings,
  traffic: { readonly up: number; readonly down: number },
  how: Fault['how'],
): Fault {
  const direction = random.next() < 0.5 ? 'up' : 'down';
  const total = traffic[direction];
  // A third of them in the last bytes, where COMMIT and its answer are.
  const afterBytes =
    random.next() < 0.34
      ? total - Math.floor(random.next() * 80) - 1
      : 1 + Math.floor(random.next() * (total - 1));
  return { direction, afterBytes, how };
}

/** Half of them each way. */
async function breakThem(
  findings: Findings,
  count: number,
  name: string,
  how: () => Fault['how'],
): Promise<number> {
  const { world, ways, stop } = await openWays(findings);
  try {
    let longest = 0;
    for (const [way, url] of ways) {
      const { proxies, traffic } = await proxiesTo(world, url, 10);
      const share = Math.ceil(count / ways.length);
      const { worst } = await findings.uploads(`${share} ${name}, ${way}`, share, 10, async (n, worker) => {
        const proxy = proxies[worker] ?? proxies[0];
        proxy?.plan([faultIn(findings, traffic, how())]);
        const before = proxy?.traffic.length ?? 0;
        const outcome = await upload(world, `${name} ${way} ${n}`, proxy?.url(url) ?? url);
        proxy?.plan([]);
        // From the freeze on.
        const frozenAt = proxy?.traffic.slice(before).find((seen) => seen.frozenAt !== undefined)?.frozenAt;
        return name === 'cuts'
          ? outcome
          : { ...outcome, ms: frozenAt === undefined ? 0 : outcome.endedAt - frozenAt };
      });
      longest = Math.max(longest, worst);
      await Promise.all(proxies.map((proxy) => proxy.close()));
    }
    await findings.noOrphans(world);
    return longest;
  } finally {
    await stop();
  }
}

const faultTests = 'test/store/runs/faults.test.ts';

export const cuts: Part = {
  name: 'cuts',
  count: 600,
  what: 'connections cut at any byte, half of them through PgBouncer',
  slice: [`${faultTests}: cut connections are replaced and every run is stored exactly once`],
  run: async (findings, count) => {
    await breakThem(findings, count, 'cuts', () => (findings.random.next() < 0.5 ? 'reset' : 'end'));
  },
};

export const freezes: Part = {
  name: 'freezes',
  count: 100,
  what: 'connections frozen at any byte, half of them through PgBouncer: stored within 35 s of it',
  slice: [`${faultTests}: a frozen connection is given up in time and does not stand in the way of the next`],
  run: async (findings, count) => {
    const worst = await breakThem(findings, count, 'freezes', () => 'freeze');
    findings.check(worst <= mostFrozenMs, `from a freeze to the stored run ${(worst / 1000).toFixed(1)} s`);
  },
};

export const away: Part = {
  name: 'away',
  count: 20,
  what: 'uploads begun while nothing listens for 60 of their 120 s',
  slice: [`${faultTests}: is tried again until it takes the connection, whatever it said before`],
  run: async (findings, count) => {
    const world = await openWorld();
    try {
      const probe = createServer();
      await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
      const { port } = probe.address() as { port: number };
      await new Promise((resolve) => probe.close(resolve));
      const target = new URL(world.team.url);
      const url = Object.assign(new URL(world.team.url), { port: String(port) }).href;
      const back = sleep(awayMs).then(() =>
        startFaultProxy({ host: target.hostname, port: Number(target.port) }, port),
      );
      await findings.uploads('server away for 60 s', count, count, async (n) => {
        await sleep((n * awayMs) / count);
        return upload(world, `away ${n}`, url);
      });
      await (await back).close();
      await findings.noOrphans(world);
    } finally {
      await world.stop();
    }
  },
};
