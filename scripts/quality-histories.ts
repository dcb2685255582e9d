// How often the judging is wrong, where the cause of each failure is known: random histories of whole repositories, beside the
// former rules on the same facts and without one rule after the other; histories of single tests; memories.
//   npm run quality:histories -- [--histories 400] [--seed 1] [--ablations 60] [--errors "real break passes"]
import { parseArgs } from 'node:util';
import { defaultLimits, type Limits } from '../src/judge/limits.ts';
import { makeHistory } from '../test/support/histories.ts';
import { type Count, type CountOptions, type Errors, startErrors } from '../test/support/history-errors.ts';
import { measureMemories } from '../test/support/memories.ts';
import { Random } from '../test/support/random.ts';
import { measureSince } from '../test/support/single-histories.ts';

const { values } = parseArgs({
  options: {
    histories: { type: 'string', default: '400' },
    ablations: { type: 'string', default: '60' },
    seed: { type: 'string', default: '1' },
    errors: { type: 'string' },
  },
});
const seed = Number(values.seed);
const range = (count: number) => Array.from({ length: count }, (_, i) => i);
const share = ({ wrong, of }: Count) => (of === 0 ? '—' : `${((100 * wrong) / of).toFixed(2)} %`);
const told = (count: Count | undefined) =>
  count === undefined || count.of === 0 ? '—' : `${share(count).padStart(8)} of ${count.of}`;

repositories();
if (Number(values.ablations) > 0) ablations();
singleTests();
memories();

function repositories(): void {
  const errors = startErrors();
  for (const i of range(Number(values.histories)))
    errors.add(makeHistory(seed + i), {
      onError: (row, history, place, test) => {
        if (values.errors !== undefined && row.startsWith(values.errors))
          console.log(`${row}: history ${history.seed}, run ${place}, ${test}`);
      },
    });
  console.log(`\n${values.histories} histories: ${errors.runs} runs, ${errors.failures} failures`);
  console.log(`${''.padEnd(42)}${'now'.padEnd(22)}formerly`);
  for (const [row, { now, former }] of sorted(errors))
    console.log(`${row.padEnd(42)}${told(now).padEnd(22)}${told(former)}`);
}

/** Rows by subject; causes behind their sum. */
function sorted(errors: Errors): [string, { now: Count; former: Count }][] {
  return [...errors.rows].sort(([a], [b]) => (a < b ? -1 : 1));
}

/** What each rule is good for: the same histories without it. */
function ablations(): void {
  const without = (limits: Partial<Limits>): CountOptions => ({ limits: { ...defaultLimits, ...limits } });
  const variants: Readonly<Record<string, CountOptions>> = {
    'all rules': {},
    'tested commit, kind': {
      blind: (run) => ({ ...run, testedSha: run.gitSha, parents: undefined, kind: 'head' }),
    },
    'order of commits': { forget: 'order' },
    'parents of branches': {
      blind: (run) => (run.kind === 'head' && run.branch !== 'main' ? { ...run, parents: undefined } : run),
    },
    'text of failures': { forget: 'text' },
    'lone failures': without({ loneFailures: Infinity }),
    'lone failures: 1': without({ loneFailures: 1 }),
    'lone failures: 3': without({ loneFailures: 3 }),
    'broken outranks flaky': without({ broken: 0 }),
    '30 days of evidence': without({ evidenceDays: 90 }),
    outages: without({ outageShare: 2 }),
    'own past of a line': without({ lineCommits: 1 }),
    'older commits for a file': without({ fileCommits: 0 }),
    'red elsewhere': without({ elsewhere: Infinity, elsewhereUntested: Infinity }),
    'red elsewhere: 1': without({ elsewhere: 1 }),
    relapses: without({ relapseRuns: 0 }),
  };
  const tables = Object.entries(variants).map(([name, options]) => ({
    name,
    options,
    errors: startErrors(),
  }));
  for (const i of range(Number(values.ablations))) {
    const history = makeHistory(seed + i);
    for (const { errors, options } of tables) errors.add(history, options);
  }
  const [all] = tables;
  if (all === undefined) return;
  console.log(`\nwithout one rule, or with another number, ${values.ablations} histories: rows that change`);
  for (const { name, errors } of tables.slice(1)) {
    console.log(name);
    for (const [row, { now }] of sorted(errors)) {
      const before = all.errors.rows.get(row)?.now;
      if (share(now) !== share(before ?? { wrong: 0, of: 0 }))
        console.log(`  ${row.padEnd(40)}${told(before).padEnd(20)} -> ${told(now)}`);
    }
  }
}

function singleTests(): void {
  console.log('\nsince, 1,000 histories of a single test each');
  const rows: [string, (seed: number) => readonly [number, number | undefined]][] = [
    [
      '0 to 10 % -> 50 to 100 %',
      (one) => {
        const random = new Random(one);
        return [random.next() * 0.1, 0.5 + random.next() * 0.5];
      },
    ],
    ['0 -> 100 %', () => [0, 1]],
    ['0 -> 90 %', () => [0, 0.9]],
    ['5 -> 90 %', () => [0.05, 0.9]],
    ['10 -> 90 %', () => [0.1, 0.9]],
    ['0 -> 50 %', () => [0, 0.5]],
    ['steady 2 %', () => [0.02, undefined]],
    ['steady 8 %', () => [0.08, undefined]],
    ['steady 20 %', () => [0.2, undefined]],
    ['steady 50 %', () => [0.5, undefined]],
  ];
  const part = (some: number, of: number) => (of === 0 ? '—' : (some / of).toFixed(3)).padStart(8);
  console.log(`${''.padEnd(26)}set holds  likeliest  a break is said  then the set holds`);
  for (const [name, rates] of rows) {
    const q = measureSince(range(1000), rates);
    const isBroken = rates(0)[1] !== undefined;
    const of = (some: number, all: number) => (isBroken ? part(some, all) : '—'.padStart(8));
    console.log(
      `${name.padEnd(26)}${of(q.held, q.histories)}  ${of(q.likeliest, q.histories)}  ${part(q.said, q.histories)}         ${of(q.saidAndHeld, q.said)}`,
    );
  }
}

function memories(): void {
  const q = measureMemories(1000, seed);
  console.log(
    `\n1,000 memories: calibration error ${q.calibrationError.toFixed(3)}, useless ones marked ${q.uselessMarked} of ${q.useless}, useful ones marked ${q.usefulMarked} of ${q.useful}`,
  );
}
