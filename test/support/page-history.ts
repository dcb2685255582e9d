// A shop's history for the page, with a fixed seed: two jobs on main and on branches, a break, flaky tests, slow ones, coverage,
// memories. For the page's tests and its pictures.
import { createHash } from 'node:crypto';
import type { CoverageFile, RunContext, SignedResult } from '../../src/model.ts';
import type { Connect } from '../../src/store/database/port.ts';
import { saveRun } from '../../src/store/runs/save.ts';
import { makeUploadKey } from '../../src/store/runs/upload-key.ts';
import { Random } from './random.ts';
import { emptyContext, makeOptions, sourceOf, totalsOf } from './runs.ts';

export const hourMs = 3_600_000;

export interface HistorySize {
  readonly commits: number;
  readonly tests: number;
  /** When the newest run started. */
  readonly until: Date;
}

interface ShopTest {
  readonly name: string;
  readonly file: string;
  readonly seconds: number;
  readonly flaky: number;
}

const areas = [
  'cart',
  'prices',
  'orders',
  'invoices',
  'search',
  'payments',
  'shipping',
  'webhooks',
  'accounts',
  'mail',
] as const;
const verbs = [
  'adds',
  'removes',
  'keeps',
  'rounds',
  'rejects',
  'retries',
  'finds',
  'sorts',
  'expires',
  'merges',
] as const;
const things = [
  'one_line',
  'the_total',
  'empty_names',
  'old_sessions',
  'umlauts',
  'every_currency',
  'a_second_delivery',
  'holidays',
  'gift_cards',
  'large_files',
  'two_buyers',
  'negative_amounts',
] as const;

const hash = (text: string) => createHash('md5').update(text).digest('hex');
export const shaOf = (name: string) => createHash('sha1').update(name).digest('hex');

/** The shop's tests; the one that breaks is the first. */
export function shopTests(count: number): ShopTest[] {
  const random = new Random(11);
  const tests: ShopTest[] = [
    {
      name: 'tests/test_prices.py::test_rounds_half_up[2.675-EUR]',
      file: 'tests/test_prices.py',
      seconds: 0.004,
      flaky: 0,
    },
    {
      name: 'tests/integration/test_webhooks.py::test_delivery_is_retried',
      file: 'tests/integration/test_webhooks.py',
      seconds: 1.2,
      flaky: 0.09,
    },
    {
      name: 'tests/integration/test_payments.py::TestCards::test_refund_is_booked_once',
      file: 'tests/integration/test_payments.py',
      seconds: 0.7,
      flaky: 0.06,
    },
  ];
  for (let n = tests.length; n < count; n++) {
    const area = areas[n % areas.length] ?? 'cart';
    const folder = n % 3 === 0 ? 'tests/integration' : 'tests/unit';
    const file = `${folder}/test_${area}.py`;
    const name = `test_${verbs[random.between(0, verbs.length - 1)]}_${things[random.between(0, things.length - 1)]}[${n}]`;
    const slow = n % 3 === 0 ? 0.4 : 0.01;
    tests.push({ name: `${file}::${name}`, file, seconds: slow * (0.3 + random.next() * 1.4), flaky: 0 });
  }
  return tests;
}

/** Stores the history; returns how many runs it has. */
export async function storeShopHistory(
  connect: Connect,
  { commits, tests: count, until }: HistorySize,
): Promise<number> {
  const random = new Random(7);
  const tests = shopTests(count);
  const jobs = ['unit (3.12)', 'unit (3.13)'];
  const first = until.getTime() - (commits - 1) * 9 * hourMs;
  let stored = 0;
  const store = async (
    at: number,
    sha: string,
    job: string,
    over: Partial<RunContext>,
    broken: ReadonlySet<string>,
    progress: number,
  ) => {
    const results = tests.map((test, n): SignedResult => {
      const isBroken = broken.has(test.name);
      const isChance = random.chance(test.flaky);
      const isSkipped = n % 41 === 40;
      const outcome = isSkipped ? 'skipped' : isBroken || isChance ? 'failed' : 'passed';
      const growth = n % 17 === 3 ? 1 + progress : 1;
      const [, last = ''] = /([^:]+)$/.exec(test.name) ?? [];
      const function_ = last.replace(/\[.*$/, '');
      const words = isBroken
        ? "AssertionError: assert Decimal('2.67') == Decimal('2.68')"
        : 'TimeoutError: no second delivery within 1.0 s';
      const errorType = isBroken ? 'AssertionError' : 'TimeoutError';
      const statement = isBroken ? 'assert round_price(price, currency) == expected' : 'receiver.wait_for()';
      return {
        testName: test.name,
        testFile: test.file,
        testClass: undefined,
        testFunction: function_,
        nodeIdSource: 'file-attribute',
        outcome,
        durationSeconds: isSkipped ? 0 : test.seconds * growth * (0.9 + random.next() * 0.2),
        failure:
          outcome === 'failed'
            ? {
                errorType,
                line: 31,
                lastFrameLine: 31,
                message: words,
                statement,
                traceback: `    def ${function_}(price, currency, expected):\n>       ${statement}\nE       ${words}\n\n${test.file}:31: ${errorType}`,
              }
            : undefined,
        reason: isSkipped ? 'needs a large disk' : undefined,
        markers: [],
        failureSignature: outcome === 'failed' ? `md5:${hash(test.name + errorType)}` : undefined,
        driftSignature: outcome === 'failed' ? `d1:${hash(statement + errorType)}` : undefined,
        wordsSignature: outcome === 'failed' ? `w1:${hash(words)}` : undefined,
      };
    });
    const payloadSha256 = createHash('sha256').update(`${at} ${sha} ${job}`).digest('hex');
    const context: RunContext = {
      ...emptyContext,
      repository: 'acme/shop',
      repositoryHost: 'github.com',
      project: '.',
      gitSha: sha,
      gitBranch: 'main',
      ciSystem: 'github_actions',
      workflowRunId: String(18_000_000_000 + stored),
      runAttempt: 1,
      job,
      jobName: job,
      kind: 'head',
      origin: 'team',
      tested: { gitSha: sha, parents: undefined, committedAt: new Date(at - 300_000), dirty: 0 },
      ...over,
    };
    const coverage = job === jobs[1] && context.gitBranch === 'main' ? shopCoverage(progress) : [];
    const source = sourceOf(results, coverage)();
    await saveRun(
      connect,
      {
        teamSlug: undefined,
        createdAt: new Date(at),
        uploadKey: makeUploadKey({
          repository: 'acme/shop',
          workflowRunId: context.workflowRunId,
          runAttempt: 1,
          job,
          discriminator: undefined,
          lane: undefined,
          payloadSha256,
        }),
        payloadSha256,
        context,
      },
      () => ({
        ...source,
        totals: () => ({
          ...totalsOf(results),
          durationSeconds: results.reduce((sum, { durationSeconds = 0 }) => sum + durationSeconds, 0),
          coveragePercent: coverage.length === 0 ? undefined : percentOf(coverage),
        }),
      }),
      makeOptions(),
    );
    stored++;
  };
  const none = new Set<string>();
  const breaks = new Set([tests[0]?.name ?? '']);
  for (let n = 0; n < commits; n++) {
    const sha = shaOf(`main ${n}`);
    const at = first + n * 9 * hourMs;
    const parents = n === 0 ? [] : [shaOf(`main ${n - 1}`)];
    const isBroken = n >= commits - 3 || (n > commits / 3 && n < commits / 3 + 3);
    for (const [j, job] of jobs.entries()) {
      const tested = { gitSha: sha, parents, committedAt: new Date(at - 600_000), dirty: 0 };
      const message = `Change number ${n}\n\nMore words.`;
      const over = { tested, gitCommitMessage: message };
      await store(at + j * 60_000, sha, job, over, isBroken ? breaks : none, n / commits);
    }
    if (n % 6 !== 5) continue;
    const head = shaOf(`change ${n}`);
    await store(
      at + hourMs,
      head,
      jobs[0] ?? '',
      {
        gitBranch: `feature-${n}`,
        pullRequest: 300 + n,
        baseBranch: 'main',
        kind: 'merge',
        tested: {
          gitSha: shaOf(`merge ${n}`),
          parents: [sha, head],
          committedAt: new Date(at + 1_800_000),
          dirty: 0,
        },
      },
      n + 6 >= commits ? new Set([tests[7]?.name ?? '']) : none,
      n / commits,
    );
  }
  return stored;
}

function shopCoverage(progress: number): CoverageFile[] {
  const random = new Random(5);
  return [
    ...areas.map((area) => `src/shop/${area}.py`),
    ...areas.slice(0, 6).map((area) => `src/shop/api/${area}_view.py`),
    'src/shop/__init__.py',
    'src/shop/tools/money.py',
    'src/shop/tools/dates.py',
  ].map((filePath) => {
    const lines = Array.from({ length: random.between(20, 240) }, (_, i) => i + 1).filter((n) => n % 7 !== 0);
    const gap = random.between(0, lines.length - 1);
    const size = Math.round(random.between(0, 40) * (1.2 - 0.4 * progress));
    const missingLines = lines.slice(gap, gap + size);
    const coveredLines = lines.filter((line) => !missingLines.includes(line));
    return {
      filePath,
      coveragePercent: (100 * coveredLines.length) / lines.length,
      totalStatements: lines.length,
      coveredStatements: coveredLines.length,
      missingStatements: missingLines.length,
      totalBranches: 0,
      coveredBranches: 0,
      coveredLines,
      missingLines,
    };
  });
}

function percentOf(files: readonly CoverageFile[]): number {
  const all = files.reduce((sum, file) => sum + file.totalStatements, 0);
  return (100 * files.reduce((sum, file) => sum + file.coveredStatements, 0)) / all;
}
