// How much more processor time `lukhas-upload --dry-run` takes than a plain pass over the same report (plain-pass.mjs): whole
// processes in turn, with 5 % and with 0.1 % failures of 100,000 tests. Ratios of processor time, which other work on the machine
// hardly changes; both contestants' elapsed time stands beside them.
//   npm run bench:reading -- [rounds=7] [program=dist/cli/upload.js] [node=this one]
import { spawn } from 'node:child_process';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { median, tellFigure } from './figures.ts';
import { writeReport } from './make-report.mjs';

const plainPass = fileURLToPath(new URL('plain-pass.mjs', import.meta.url));
const built = fileURLToPath(new URL('../dist/cli/upload.js', import.meta.url));
const [rounds = '7', program = built, node = process.execPath] = process.argv.slice(2);
const work = await mkdtemp(path.join(tmpdir(), 'lukhas-reading-'));
try {
  for (const { failureShare, most } of [
    { failureShare: 0.05, most: 4.5 },
    { failureShare: 0.001, most: 3 },
  ]) {
    const report = path.join(work, 'report.xml');
    await writeReport(report, { tests: 100_000, failureShare });
    const { size } = await stat(report);
    const contestants = {
      'plain pass': [plainPass, report],
      'lukhas-upload --dry-run': [program, '--dry-run', '-q', report],
    };
    const taken = new Map<string, Taken[]>();
    for (let round = 0; round < Number(rounds); round++)
      for (const [name, args] of Object.entries(contestants))
        taken.set(name, [...(taken.get(name) ?? []), await run(args)]);
    console.log(`${100 * failureShare} % failures, ${(size / 1e6).toFixed(0)} MB, medians of ${rounds}`);
    const cpu: number[] = [];
    const elapsed: number[] = [];
    for (const [name, list] of taken) {
      cpu.push(median(list.map((one) => one.cpuMs)));
      elapsed.push(median(list.map((one) => one.elapsedMs)));
      const spread = list.map((one) => one.cpuMs.toFixed(0)).sort((a, b) => Number(a) - Number(b));
      console.log(
        `  ${name.padEnd(24)} ${cpu.at(-1)?.toFixed(0)} ms processor (${spread[0]} to ${spread.at(-1)}), ${elapsed.at(-1)?.toFixed(0)} ms elapsed`,
      );
    }
    const ratio = (list: readonly number[]) => ((list[1] ?? 0) / (list[0] ?? 1)).toFixed(2);
    tellFigure({
      what: `reading a report of which ${100 * failureShare} % fail, against a plain pass over its bytes, processor time`,
      value: `${ratio(cpu)} (elapsed ${ratio(elapsed)})`,
      bound: `${most}`,
    });
  }
} finally {
  await rm(work, { recursive: true, force: true });
}

interface Taken {
  readonly cpuMs: number;
  readonly elapsedMs: number;
}

/** One process and those that it starts. Only a shell is told what its children took. */
async function run(args: readonly string[]): Promise<Taken> {
  const begun = performance.now();
  const child = spawn('bash', ['-c', 'TIMEFORMAT="%U %S"; time "$@" >/dev/null', 'bash', node, ...args], {
    cwd: work,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let told = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    told += text;
  });
  const code = await new Promise((resolve) => child.on('close', resolve));
  const elapsedMs = performance.now() - begun;
  const [, user, system] = /(\d+\.\d+) (\d+\.\d+)\s*$/.exec(told) ?? [];
  if (code !== 0 || user === undefined) throw new Error(`the program ended with ${code}: ${told}`);
  return { cpuMs: 1000 * (Number(user) + Number(system)), elapsedMs };
}
