// The facts of a page of 1,000 runs and 20,000 tests, from a stream of rows that no database held.
import type { Outcome } from '../../src/model.ts';
import type { PageFacts, RunFact } from '../../src/tell/page/facts.ts';
import { Grid } from '../../src/tell/page/grid.ts';
import { Random } from './random.ts';

const areas = ['accounts', 'billing', 'catalog', 'delivery', 'export', 'forecast', 'gateway', 'history'];

/** Every test is in every run; one in a hundred fails by chance now and then, and one in a thousand is broken for a while. */
export function largeFacts(runs: number, tests: number): PageFacts {
  const random = new Random(3);
  const grid = new Grid(runs);
  const rates = Array.from({ length: tests }, (_, n) => (n % 100 === 7 ? 0.02 + random.next() * 0.1 : 0));
  for (let n = 0; n < tests; n++) {
    const area = areas[n % areas.length] ?? '';
    const file = `services/${area}/tests/test_${area}_${Math.floor(n / 160)}.py`;
    grid.place(
      `${file}::TestCase${n % 13}::test_does_what_it_says[${n}-${random.between(0, 9999)}]`,
      0,
      file,
    );
  }
  const failures = new Array<number>(runs).fill(0);
  for (const [run, test, outcome, attempts] of rows(random, runs, rates)) {
    grid.set(test, run, outcome, attempts);
    if (outcome === 'failed') failures[run] = (failures[run] ?? 0) + 1;
  }
  for (let test = 0; test < tests; test++)
    for (let part = 0; part < 10; part++)
      grid.time(test, part, {
        timed: runs / 10,
        seconds: ((test % 97) / 500) * (runs / 10),
        slowest: (test % 97) / 300,
      });
  const last = Date.parse('2026-11-27T12:00:00Z');
  const made: RunFact[] = Array.from({ length: runs }, (_, run) => ({
    runId: `01a2${String(run).padStart(4, '0')}-0000-7000-8000-${random.sha().slice(0, 12)}`,
    at: new Date(last - (runs - run) * 2_000_000),
    gitSha: random.sha(),
    branch: 'main',
    jobName: run % 2 === 0 ? 'unit (3.12)' : 'unit (3.13)',
    lane: undefined,
    project: 0,
    ciSystem: 'github_actions',
    pullRequest: undefined,
    workflowRunId: String(18_000_000_000 + run),
    isIncomplete: false,
    notCounted: undefined,
    isBase: true,
    tests,
    passed: tests - (failures[run] ?? 0),
    failed: failures[run] ?? 0,
    errors: 0,
    skipped: 0,
    seconds: 900 + random.next() * 60,
    coveragePercent: 80 + run / 100,
    message: `Change number ${run} of the large repository`,
  }));
  return {
    madeAt: new Date(last),
    team: 'acme',
    isEmbedded: false,
    repository: 'acme/large',
    host: 'github.com',
    others: [],
    window: { days: 90, most: runs, total: runs },
    runs: made,
    grid,
    projects: ['.'],
    standings: [
      {
        project: '.',
        lane: undefined,
        notRunSince: 0,
        baseBranch: 'main',
        sha: made.at(-1)?.gitSha,
        jobs: made.slice(-2).map((run) => ({
          jobName: run.jobName,
          runId: run.runId,
          at: run.at,
          sha: run.gitSha ?? '',
          behind: 0,
          tests,
          failures: run.failed,
          isIncomplete: false,
        })),
      },
    ],
    unjudged: 0,
    red: [],
    redLeftOut: 2,
    flaky: rates.flatMap((rate, n) =>
      rate === 0
        ? []
        : [
            {
              testName: grid.tests[n]?.testName ?? '',
              project: '.',
              baseBranch: 'main',
              evidence: {
                kind: 'lone' as const,
                sha: made.at(-1)?.gitSha ?? '',
                branch: 'main',
                failures: Math.round(rate * 100),
                runs: 100,
              },
            },
          ],
    ),
    flakyLeftOut: 0,
    coverage: undefined,
    memories: [],
    memoriesTotal: 0,
    hidesSolutions: false,
    matriz: undefined,
  };
}

function* rows(
  random: Random,
  runs: number,
  rates: readonly number[],
): Generator<readonly [run: number, test: number, outcome: Outcome, failedAttempts: number]> {
  for (let run = 0; run < runs; run++)
    for (const [test, rate] of rates.entries()) {
      const isBroken = test % 1000 === 500 && run > runs - 40;
      const isChance = rate > 0 && random.chance(rate);
      const isSkipped = test % 50 === 33;
      yield [
        run,
        test,
        isSkipped ? 'skipped' : isBroken || (isChance && random.chance(0.7)) ? 'failed' : 'passed',
        isChance ? 1 : 0,
      ];
    }
}
