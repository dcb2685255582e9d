// Pictures of the pull request's comment and of the job's summary for the documentation, from real output: the bundled
// Action runs over a small history in a PostgreSQL of its own, and what it posts is shown by GitHub's style sheet.
//   npm run screenshots [-- --only questions]
// Needs Chromium (CHROMIUM names another binary than the one on the PATH) and fonts, which root gets by apt-get.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { accessSync, constants, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { micromark, type Options } from 'micromark';
import { gfm, gfmHtml } from 'micromark-extension-gfm';
import { openPostgres } from '../src/store/database/pg.ts';
import { findFailure, importMemories } from '../src/store/healix/memories.ts';
import { parseMemories } from '../src/store/healix/memory-file.ts';
import { grantUploads, openAccess } from '../src/store/schema/access.ts';
import { migrate } from '../src/store/schema/migrate.ts';
import { addTeam } from '../src/store/schema/teams.ts';
import { type GithubServer, startGithub } from '../test/support/github-server.ts';
import fetchNode24 from '../test/support/node24.ts';
import { startPostgres } from '../test/support/postgres.ts';
import {
  lines as linesOf,
  openReviewerStory,
  statements as someStatements,
} from '../test/support/reviewer-story.ts';
import { type ActionRun, type RunnerCommand, runAction } from '../test/support/runner.ts';
import { withPalette } from './png.ts';
import { askForPictures } from './terminal-pictures.ts';

type HtmlExtension = NonNullable<Options['htmlExtensions']>[number];

const images = fileURLToPath(new URL('../docs/images/', import.meta.url));
/** In bytes: pictures stand in the repository for good. */
const largestPicture = 150_000;

// The tests of a shop.

interface Failing {
  readonly message: string;
  readonly traceback: string;
}

const seconds: Readonly<Record<string, number>> = {
  'tests.test_cart::test_empty_cart_costs_nothing': 0.004,
  'tests.test_cart::test_same_product_twice_is_one_line': 0.006,
  'tests.test_cart::test_quantity[1]': 0.003,
  'tests.test_cart::test_quantity[99]': 0.003,
  'tests.test_cart::test_survives_login': 0.041,
  'tests.test_prices::test_rounds_half_up[0.125-USD]': 0.002,
  'tests.test_prices::test_rounds_half_up[2.675-EUR]': 0.002,
  'tests.test_prices::test_rounds_half_up[1050-JPY]': 0.002,
  'tests.test_prices::test_vat[DE-19]': 0.003,
  'tests.test_prices::test_vat[FR-20]': 0.003,
  'tests.test_prices::test_vat[CH-8.1]': 0.003,
  'tests.test_orders::test_number_has_no_gaps': 0.062,
  'tests.test_orders::test_cancel_restores_stock': 0.058,
  'tests.test_orders::test_split_delivery_keeps_total': 0.071,
  'tests.test_invoices::test_pdf_holds_every_line': 0.412,
  'tests.test_invoices::test_due_date_skips_holidays': 0.005,
  'tests.test_search.TestIndex::test_finds_umlauts': 0.127,
  'tests.test_search.TestIndex::test_ranks_exact_names_first': 0.133,
  'tests.integration.test_payments.TestCards::test_charge_is_booked_once': 0.684,
  'tests.integration.test_payments.TestCards::test_refund_is_booked_once': 0.731,
  'tests.integration.test_payments.TestCards::test_declined_card_keeps_the_cart': 0.322,
  'tests.integration.test_shipping::test_label_for_each_parcel': 0.518,
  'tests.integration.test_webhooks::test_delivery_is_signed': 0.213,
  'tests.integration.test_webhooks::test_delivery_is_retried': 1.204,
};
const rounding = 'tests.test_prices::test_rounds_half_up[2.675-EUR]';
const refund = 'tests.integration.test_payments.TestCards::test_refund_is_booked_once';
const retry = 'tests.integration.test_webhooks::test_delivery_is_retried';
const holidays = 'tests.test_invoices::test_due_date_skips_holidays';
const added = ['tests.test_prices::test_rounds_half_up[0.005-EUR]', 'tests.test_prices::test_never_negative'];
const slower = 'tests.integration.test_shipping::test_label_for_each_parcel';
const skipped = 'tests.test_search.TestIndex::test_million_products';

const failing: Readonly<Record<string, Failing>> = {
  [rounding]: {
    message: `AssertionError: assert Decimal('2.67') == Decimal('2.68')
 +  where Decimal('2.67') = round_price(Decimal('2.675'), 'EUR')`,
    traceback: `price = Decimal('2.675'), currency = 'EUR', expected = Decimal('2.68')

    @pytest.mark.parametrize(('price', 'currency', 'expected'), PRICES)
    def test_rounds_half_up(price, currency, expected):
>       assert round_price(price, currency) == expected
E       AssertionError: assert Decimal('2.67') == Decimal('2.68')
E        +  where Decimal('2.67') = round_price(Decimal('2.675'), 'EUR')

tests/test_prices.py:31: AssertionError`,
  },
  [refund]: {
    message:
      'sqlalchemy.exc.OperationalError: (psycopg.OperationalError) connection to server at "127.0.0.1", port 5432 failed: FATAL:  sorry, too many clients already',
    traceback: `self = <test_payments.TestCards object at 0x7f3a5c1d2e90>, engine = Engine(postgresql+psycopg://shop:***@127.0.0.1/shop)

    def test_refund_is_booked_once(self, engine):
>       with engine.begin() as connection:

tests/integration/test_payments.py:58: 
_ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ 

    def connect(dialect, conn_rec, cargs, cparams):
>       return dialect.connect(*cargs, **cparams)
E       sqlalchemy.exc.OperationalError: (psycopg.OperationalError) connection to server at "127.0.0.1", port 5432 failed: FATAL:  sorry, too many clients already

/usr/lib/python3.13/site-packages/sqlalchemy/engine/create.py:661: OperationalError`,
  },
  [retry]: {
    message: 'TimeoutError: no second delivery within 1.0 s',
    traceback: `receiver = <Receiver on port 40213>

    def test_delivery_is_retried(receiver):
        receiver.answer(503, times=1)
        send(Event('order.paid'), to=receiver.url)
>       receiver.wait_for(deliveries=2, seconds=1.0)

tests/integration/test_webhooks.py:44: 
_ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ 

>           raise TimeoutError(f'no second delivery within {seconds} s')
E           TimeoutError: no second delivery within 1.0 s

tests/integration/receiver.py:27: TimeoutError`,
  },
  [holidays]: {
    message: 'AssertionError: assert datetime.date(2026, 12, 25) == datetime.date(2026, 12, 28)',
    traceback: `    def test_due_date_skips_holidays():
        invoice = Invoice(issued=date(2026, 11, 25), country='DE')
>       assert invoice.due_date == date(2026, 12, 28)
E       AssertionError: assert datetime.date(2026, 12, 25) == datetime.date(2026, 12, 28)

tests/test_invoices.py:73: AssertionError`,
  },
};

const suggestion = `--- a/tests/integration/conftest.py
+++ b/tests/integration/conftest.py
@@ -11,4 +11,6 @@
-@pytest.fixture
+@pytest.fixture(scope='session')
 def engine():
-    return create_engine(DATABASE_URL)
+    engine = create_engine(DATABASE_URL, pool_size=2, max_overflow=0)
+    yield engine
+    engine.dispose()`;

// The history: what failed where. A test that failed once between two green runs of main is flaky from then on.

const sha = (name: string): string => createHash('sha1').update(name).digest('hex');
const hour = 3_600_000;

interface Job {
  readonly sha: string;
  readonly hoursAgo: number;
  readonly fails?: readonly string[];
  readonly adds?: readonly string[];
  /** Of a test's usual time. */
  readonly times?: Readonly<Record<string, number>>;
  /** The branch of a pull request; without one the run is a push to main. */
  readonly branch?: string;
  readonly matrix?: string;
  /** Statements of prices.py that no test reached. */
  readonly uncovered?: number;
}

const main: readonly Job[] = [
  { sha: sha('main 1'), hoursAgo: 122 },
  { sha: sha('main 2'), hoursAgo: 98, fails: [refund, retry] },
  { sha: sha('main 3'), hoursAgo: 75 },
  { sha: sha('main 4'), hoursAgo: 51, fails: [holidays] },
];
const changed: Job = {
  branch: 'feature/half-up',
  sha: sha('change 2'),
  hoursAgo: 1,
  fails: [rounding, refund, retry, holidays],
  adds: added,
  times: { [slower]: 2.4 },
  uncovered: 1,
};
const before: Job = { ...changed, sha: sha('change 1'), hoursAgo: 5, fails: [holidays] };
const matrix: readonly Job[] = [
  { branch: 'gift-cards', sha: sha('matrix'), hoursAgo: 1, matrix: '3.13', fails: [rounding] },
  { branch: 'gift-cards', sha: sha('matrix'), hoursAgo: 1, matrix: '3.12', uncovered: 5 },
];
const good: Job = { branch: 'thinner-receipts', sha: sha('good'), hoursAgo: 1, uncovered: 0 };

// What pytest and coverage.py would have written.

const escaped = (text: string): string =>
  text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/"/g, '&quot;');

function writeReport(folder: string, job: Job): void {
  const names = [...Object.keys(seconds), ...(job.adds ?? []), skipped];
  let total = 0;
  const cases = names.map((test) => {
    const [classname = '', name = ''] = test.split('::');
    const time = (seconds[test] ?? 0.004) * (job.times?.[test] ?? 1);
    total += time;
    const start = `<testcase classname="${classname}" name="${escaped(name)}" time="${time.toFixed(3)}"`;
    if (test === skipped)
      return `${start}><skipped type="pytest.skip" message="needs --slow">tests/test_search.py:40: needs --slow</skipped></testcase>`;
    const failure = job.fails?.includes(test) === true ? failing[test] : undefined;
    if (failure === undefined) return `${start} />`;
    const message = escaped(failure.message).replaceAll('\n', '&#10;');
    return `${start}><failure message="${message}">${escaped(failure.traceback)}</failure></testcase>`;
  });
  const at = new Date(Date.now() - job.hoursAgo * hour).toISOString().replace('Z', '000+00:00');
  writeFileSync(
    path.join(folder, 'results.xml'),
    `<?xml version="1.0" encoding="utf-8"?><testsuites name="pytest tests"><testsuite name="pytest" errors="0" failures="${job.fails?.length ?? 0}" skipped="1" tests="${names.length}" time="${(total + 0.9).toFixed(3)}" timestamp="${at}" hostname="runnervm">${cases.join('')}</testsuite></testsuites>`,
  );
}

/** Statements, and those that no test reached. */
const sources: Readonly<Record<string, readonly [number, number]>> = {
  'src/shop/__init__.py': [3, 0],
  'src/shop/cart.py': [84, 2],
  'src/shop/invoices.py': [131, 11],
  'src/shop/orders.py': [167, 6],
  'src/shop/payments.py': [142, 19],
  'src/shop/prices.py': [58, 3],
  'src/shop/search.py': [96, 4],
  'src/shop/shipping.py': [77, 21],
};

function writeCoverage(folder: string, job: Job): void {
  const files = Object.entries(sources).map(([file, [statements, usual]]) => {
    const missing = file.endsWith('prices.py') ? (job.uncovered ?? usual) : usual;
    const lines = Array.from({ length: statements }, (_, i) => i + 1);
    return [
      file,
      {
        executed_lines: lines.slice(missing),
        missing_lines: lines.slice(0, missing),
        excluded_lines: [],
        summary: {
          covered_lines: statements - missing,
          num_statements: statements,
          missing_lines: missing,
          excluded_lines: 0,
        },
      },
    ];
  });
  const meta = { format: 3, version: '7.16.2', branch_coverage: false, show_contexts: false };
  writeFileSync(
    path.join(folder, 'coverage.json'),
    JSON.stringify({ meta, files: Object.fromEntries(files), totals: {} }),
  );
}

// Runs of the Action.

let workflowRun = 12_406_118_200;

async function runJob(job: Job, to: { databaseUrl: string; github: GithubServer; home: string }) {
  const folder = mkdtempSync(path.join(to.home, 'checkout-'));
  mkdirSync(path.join(folder, 'tests/integration'), { recursive: true });
  for (const test of Object.keys(seconds)) {
    const parts = (test.split('::')[0] ?? '').split('.').filter((part) => !/^[A-Z]/.test(part));
    writeFileSync(path.join(folder, `${parts.join('/')}.py`), '');
  }
  writeReport(folder, job);
  writeCoverage(folder, job);
  const event: NonNullable<ActionRun['event']> =
    job.branch === undefined
      ? { name: 'push', payload: { ref: 'refs/heads/main', after: job.sha } }
      : {
          name: 'pull_request',
          payload: {
            number: 218,
            pull_request: {
              number: 218,
              head: { ref: job.branch, sha: job.sha, repo: { full_name: 'acme/shop' } },
              base: { ref: 'main', sha: sha('main 4'), repo: { full_name: 'acme/shop' } },
            },
            repository: { full_name: 'acme/shop' },
          },
        };
  // The legs of a matrix belong to one run of the workflow.
  if (job.matrix === undefined) workflowRun += 1;
  const result = await runAction({
    cwd: folder,
    event,
    apiUrl: to.github.url,
    inputs: {
      reports: 'results.xml',
      coverage: 'coverage.json',
      'database-url': to.databaseUrl,
      ...(job.matrix !== undefined && { matrix: JSON.stringify({ python: job.matrix }) }),
    },
    env: {
      GITHUB_RUN_ID: String(workflowRun),
      GITHUB_SHA: job.sha,
      ...(job.branch !== undefined && {
        GITHUB_REF: 'refs/pull/218/merge',
        GITHUB_HEAD_REF: job.branch,
        GITHUB_BASE_REF: 'main',
      }),
    },
  });
  const troubled = result.code !== 0 || result.outputs.stored !== 'new' || result.stderr !== '';
  if (troubled) throw new Error(`the Action did not do its work:\n${result.stderr}${result.log}`);
  return result;
}

/** Teaches what fixes the refund: as a team that has met it for months would have it stored. */
async function teach(databaseUrl: string): Promise<void> {
  const db = await openPostgres(databaseUrl);
  try {
    const access = await openAccess(db, { teamSlug: undefined, allowPrivilegedRole: false });
    const testName = 'tests/integration/test_payments.py::TestCards::test_refund_is_booked_once';
    const failure = await findFailure(db, access, { testName });
    const memory = {
      id: '6b1f04c2-58d3-4e0a-9c57-2f8e61a7d390',
      test_name: testName,
      failure_signature: failure.failureSignature,
      drift_signature: failure.driftSignature,
      root_cause:
        'Every test opens an engine of its own: with four workers their pools need more connections than the server of the integration tests has.',
      confidence: 0.92,
      solution:
        'Share one engine in a fixture of the whole session, keep its pool small, dispose of it at the end.',
      solution_type: 'test_fix',
      auto_fix_code: suggestion,
      success_count: 47,
      failure_count: 3,
      last_applied: new Date(Date.now() - 75 * hour).toISOString(),
    };
    await importMemories(db, access, parseMemories(JSON.stringify(memory), 'memory.json'));
  } finally {
    await db.close();
  }
}

const prices = `from decimal import ROUND_HALF_UP, Decimal

CENTS = {'USD': '0.01', 'EUR': '0.01', 'JPY': '1'}


def round_price(price, currency):
    step = Decimal(CENTS[currency])
    return price.quantize(step, ROUND_HALF_UP)


def free_delivery(total, country):
    if country == 'CH':
        return total >= 100
    return total >= 50
`;
const discounts = `from decimal import Decimal


def discount(cart, voucher):
    if voucher is None:
        return Decimal(0)
    if voucher.is_expired():
        raise ValueError(voucher.code)
    share = voucher.percent / Decimal(100)
    if voucher.only_for is not None:
        cart = [line for line in cart if line.sku in voucher.only_for]
        if not cart:
            return Decimal(0)
    return sum(line.price for line in cart) * share
`;

/** A change in a real checkout, with lines that no test reaches and one that lost its test. */
async function coverageOfChange(
  databaseUrl: string,
): Promise<{ comment: string; commands: readonly RunnerCommand[] }> {
  const story = await openReviewerStory(databaseUrl);
  try {
    const base = { 'src/shop/prices.py': prices, 'src/shop/cart.py': someStatements(1, 84) };
    const cart = [linesOf(3, 84), [1, 2]] as const;
    const after = {
      ...base,
      'src/shop/discounts.py': discounts,
      'src/shop/vouchers.py': 'KINDS = ("percent", "gift")\n',
    };
    const usual = [1, 3, 6, 7, 8, 11, 12, 13, 14];
    const cases = Object.entries(seconds).map(([test, time]) => {
      const [module = '', name = ''] = test.split('::');
      return { module, name, seconds: time };
    });
    const tip = story.commit(base, [], 'Round half up');
    story.main(tip);
    await story.run({
      at: tip,
      cases,
      coverage: { 'src/shop/prices.py': [usual, []], 'src/shop/cart.py': cart },
    });
    const head = story.commit(after, [tip], 'Take vouchers');
    const merge = story.commit(after, [tip, head], 'Merge');
    story.next();
    const { commands } = await story.run({
      at: merge,
      head,
      cases,
      coverage: {
        'src/shop/cart.py': cart,
        'src/shop/prices.py': [usual.filter((line) => line !== 13), [13]],
        'src/shop/discounts.py': [
          [1, 4, 5, 6, 7, 9, 10, 14],
          [8, 11, 12, 13],
        ],
      },
      inputs: { 'coverage-annotations': 'true' },
    });
    return { comment: story.github.comments[0]?.body ?? '', commands };
  } finally {
    await story.close();
  }
}

/** A job that gathered the reports of three others, between two that have one each. */
async function legsOfJob(databaseUrl: string): Promise<string> {
  const story = await openReviewerStory(databaseUrl);
  try {
    const tests = Object.keys(seconds).map((test) => {
      const module = test.replace(/(?:\.[A-Z]\w*)?::.*/, '');
      return [`${module.replaceAll('.', '/')}.py`, someStatements(1, 90)];
    });
    const base = { ...Object.fromEntries(tests), 'src/shop/prices.py': prices };
    const after = { ...base, 'src/shop/prices.py': `${prices}\n` };
    const tip = story.commit(base, [], 'Round half up');
    story.main(tip);
    const head = story.commit(after, [tip], 'Take vouchers');
    const merge = story.commit(after, [tip, head], 'Merge');
    const cases = (slower: number, red?: string) =>
      Object.entries(seconds).map(([test, time]) => {
        const [module = '', name = ''] = test.split('::');
        const { message = '', traceback: text = '' } = failing[test] ?? {};
        return {
          module,
          name,
          seconds: time * slower,
          ...(test === red ? { failure: { message, text } } : {}),
        };
      });
    const stepsOf = (red?: string) => ({
      docs: cases(1).slice(0, 4),
      matrix: {
        'results-ubuntu-3.12.xml': cases(1),
        'results-ubuntu-3.13.xml': cases(1.1, red),
        'results-windows-3.13.xml': cases(1.7),
      },
      e2e: cases(1).slice(17),
    });
    for (const [job, some] of Object.entries(stepsOf()))
      await story.run({ at: tip, cases: some, env: { GITHUB_JOB: job } });
    story.next();
    for (const [job, some] of Object.entries(stepsOf(rounding)))
      await story.run({ at: merge, head, cases: some, env: { GITHUB_JOB: job } });
    return story.github.comments[0]?.body ?? '';
  } finally {
    await story.close();
  }
}

interface Texts {
  readonly comment: string;
  readonly commentOfLegs: string;
  readonly commentOfCoverage: string;
  readonly commandsOfCoverage: readonly RunnerCommand[];
  readonly commentOfMatrix: string;
  readonly commentOfGoodNews: string;
  readonly summary: string;
  readonly commands: readonly RunnerCommand[];
}

async function produce(home: string): Promise<Texts> {
  fetchNode24();
  const server = await startPostgres({ external: false });
  const github = await startGithub();
  try {
    const admin = await openPostgres(server.adminUrl);
    await migrate(admin);
    await addTeam(admin, { slug: 'shop' });
    const { databaseUrl } = await grantUploads(admin, {
      teamSlug: 'shop',
      role: 'shop_ci',
      adminUrl: server.adminUrl,
    });
    await addTeam(admin, { slug: 'vouchers' });
    const other = await grantUploads(admin, {
      teamSlug: 'vouchers',
      role: 'vouchers_ci',
      adminUrl: server.adminUrl,
    });
    await admin.close();
    const to = { databaseUrl, github, home };
    /** Each picture is another pull request's. */
    const commentOf = async (jobs: readonly Job[]) => {
      github.comments.length = 0;
      workflowRun += 1;
      let summary = '';
      let commands: readonly RunnerCommand[] = [];
      for (const job of jobs) ({ summary, commands } = await runJob(job, to));
      return { comment: steady(github.comments[0]?.body ?? ''), summary: steady(summary), commands };
    };
    for (const job of main) await runJob(job, to);
    await teach(databaseUrl);
    const { comment, summary, commands } = await commentOf([before, changed]);
    const { comment: commentOfMatrix } = await commentOf(matrix);
    const { comment: commentOfGoodNews } = await commentOf([good]);
    const { comment: commentOfCoverage, commands: commandsOfCoverage } = await coverageOfChange(
      other.databaseUrl,
    );
    const commentOfLegs = await legsOfJob(other.databaseUrl);
    return {
      comment,
      commentOfLegs,
      summary,
      commands,
      commentOfMatrix,
      commentOfGoodNews,
      commentOfCoverage,
      commandsOfCoverage,
    };
  } finally {
    await github.close();
    await server.stop();
  }
}

/** The two things that differ from day to day, set to what they were on one: the id of the run and the memory's last use. */
function steady(markdown: string): string {
  const id = '019d2c4e-7a10-7c3e-8f52-41b6d09e27ac'.replaceAll('-', '&#45;');
  return markdown
    .replace(/(Stored as run )\S+/, `$1${id}`)
    .replace(/(last on )\d{4}-\d\d-\d\d/g, '$12026-11-19');
}

// From Markdown to a page.

/** A line's end in a comment is a line's end on the page; in a file, and in a summary, it is a blank. */
function hardBreaks(): HtmlExtension {
  let inside = false;
  return {
    enter: {
      content() {
        inside = true;
      },
    },
    exit: {
      content() {
        inside = false;
      },
      lineEnding(token) {
        if (this.getData('slurpAllLineEndings') === true) return;
        if (this.getData('slurpOneLineEnding') === true) return this.setData('slurpOneLineEnding');
        if (this.getData('inCodeText') === true) return this.raw(' ');
        this.raw(inside ? '<br>\n' : this.encode(this.sliceSerialize(token)));
      },
    },
  };
}

interface Picture {
  readonly file: string;
  readonly markdown: string;
  readonly kind: 'comment' | 'summary' | 'annotations';
  readonly scheme: 'light' | 'dark';
  /** Of the box, in pixels. */
  readonly width?: number;
  /** Shows what the first traceback and the suggested change fold away. */
  readonly open?: boolean;
}

const colours = {
  light: { page: '#ffffff', text: '#1f2328', head: '#f6f8fa', border: '#d1d9e0', muted: '#59636e' },
  dark: { page: '#0d1117', text: '#f0f6fc', head: '#151b23', border: '#3d444d', muted: '#9198a1' },
} as const;
/** Of the box, and around it. */
const boxWidth = 860;
const margin = 12;

/** Annotations as they stand below their lines in a pull request's files. */
function annotationsOf(commands: readonly RunnerCommand[]): string {
  return commands
    .filter(({ name }) => name === 'error' || name === 'notice')
    .map(({ name, properties: { file, line, title }, message }) => {
      const place = file === undefined ? '' : `${escaped(file)}${line === undefined ? '' : ` line ${line}`}`;
      return `<p class="place">${place}</p><div class="annotation ${name}"><b>${name === 'error' ? 'Check failure' : 'Check notice'}</b> on line ${line ?? 1}<p><b>${escaped(title ?? '')}</b></p><pre>${escaped(message)}</pre></div>`;
    })
    .join('\n');
}

function pageOf({ markdown, kind, scheme, open, width = boxWidth }: Picture): string {
  const sheet = createRequire(import.meta.url).resolve(`github-markdown-css/github-markdown-${scheme}.css`);
  const { page, text, head, border, muted } = colours[scheme];
  const html =
    kind === 'annotations'
      ? markdown
      : micromark(markdown, {
          allowDangerousHtml: true,
          extensions: [gfm()],
          htmlExtensions: [gfmHtml(), ...(kind === 'comment' ? [hardBreaks()] : [])],
        });
  const opened = (page: string, summary: string) =>
    page.replace(`<details><summary>${summary}`, `<details open><summary>${summary}`);
  const shown = open === true ? ['Traceback', 'Sugg', 'Lines'].reduce(opened, html) : html;
  const title =
    kind === 'comment'
      ? '<b>github-actions</b> <span class="label">bot</span> <span class="muted">commented</span>'
      : kind === 'summary'
        ? '<b>test</b> <span class="muted">summary</span>'
        : '<b>Files changed</b> <span class="muted">annotations</span>';
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>${kind}</title>
<style>${readFileSync(sheet, 'utf8')}
body { margin: 0; padding: ${margin}px; background: ${page}; }
.place { margin: 0 0 4px; font: 12px monospace; }
.annotation { margin-bottom: 16px; padding: 8px 12px; border: 1px solid ${border}; border-left: 3px solid #cf222e; border-radius: 6px; }
.annotation.notice { border-left-color: ${muted}; }
.annotation p { margin: 8px 0; }
.annotation pre { margin: 0; padding: 0; background: none; white-space: pre-wrap; overflow-wrap: anywhere; }
.box { width: ${width - 2}px; border: 1px solid ${border}; border-radius: 6px; overflow: hidden; }
.head { padding: 8px 16px; border-bottom: 1px solid ${border}; background: ${head}; color: ${text};
  font: 14px/1.5 -apple-system, "Segoe UI", "Noto Sans", Helvetica, Arial, sans-serif; }
.label { padding: 0 6px; border: 1px solid ${border}; border-radius: 2em; font-size: 12px; color: ${muted}; }
.muted { color: ${muted}; }
.markdown-body { padding: 16px; font-size: ${kind === 'comment' ? 14 : 16}px; }
</style>
<body><div class="box"><div class="head">${title}</div><div class="markdown-body">${shown}</div></div>
<script>document.documentElement.dataset.height = document.body.offsetHeight;</script>
</body></html>`;
}

// From a page to a picture.

function isOnPath(program: string): boolean {
  return (process.env.PATH ?? '').split(path.delimiter).some((folder) => {
    try {
      accessSync(path.resolve(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

const chromiums = ['chromium', 'chromium-browser', 'google-chrome'];

/** Chromium's binary; root on Debian gets it and the fonts where they are absent. */
function readyChromium(): string {
  const given = process.env.CHROMIUM ?? '';
  if (given !== '' && !isOnPath(given)) throw new Error(`CHROMIUM names ${given}, which is no program`);
  const find = () => (given === '' ? chromiums.find(isOnPath) : given);
  const missing = () => [
    ...(find() === undefined ? ['chromium'] : []),
    ...(hasFont('Noto Color Emoji') ? [] : ['fonts-noto-color-emoji']),
    ...(hasFont('Liberation Sans') ? [] : ['fonts-liberation']),
  ];
  const wanted = missing();
  if (wanted.length > 0 && process.getuid?.() === 0 && isOnPath('apt-get')) {
    console.log(`installing ${wanted.join(', ')}`);
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    execFileSync('apt-get', ['update', '-qq'], { env, stdio: 'pipe' });
    execFileSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...wanted], {
      env,
      stdio: 'pipe',
    });
  }
  const left = missing();
  const chromium = find();
  if (chromium === undefined || left.length > 0) {
    throw new Error(
      `missing: ${left.join(', ')}. On Debian: apt-get install ${left.join(' ')}; CHROMIUM may name another binary`,
    );
  }
  return chromium;
}

function hasFont(family: string): boolean {
  try {
    return execFileSync('fc-list', [family], { encoding: 'utf8' }).trim() !== '';
  } catch {
    return false;
  }
}

function take(
  chromium: string,
  home: string,
  picture: { readonly file: string; readonly html: string; readonly width?: number },
): number {
  const page = path.join(home, `${picture.file}.html`);
  writeFileSync(page, picture.html);
  const width = (picture.width ?? boxWidth) + 2 * margin;
  const browse = (height: number, ...rest: string[]): string =>
    execFileSync(
      chromium,
      [
        '--headless',
        '--no-sandbox',
        '--disable-gpu',
        '--disable-dev-shm-usage',
        '--hide-scrollbars',
        '--disable-lcd-text',
        '--force-device-scale-factor=1',
        `--user-data-dir=${path.join(home, 'profile')}`,
        `--window-size=${width},${height}`,
        ...rest,
        `file://${page}`,
      ],
      { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'], timeout: 60_000 },
    );
  const dom = browse(1000, '--dump-dom');
  const height = Number(/data-height="(\d+)"/.exec(dom)?.[1]);
  if (!Number.isInteger(height)) throw new Error(`${picture.file}: the page could not be measured`);
  const file = path.join(images, picture.file);
  browse(height, `--screenshot=${file}`);
  const png = withPalette(readFileSync(file));
  writeFileSync(file, png);
  return png.length;
}

const home = mkdtempSync(path.join(tmpdir(), 'lukhas-screenshots-'));

/** The comment and the summary. */
async function ofGithub() {
  const {
    comment,
    commentOfLegs,
    commentOfMatrix,
    commentOfGoodNews,
    commentOfCoverage,
    summary,
    commands,
    commandsOfCoverage,
  } = await produce(home);
  const annotations = annotationsOf([...commands, ...commandsOfCoverage]);
  const narrow = 520;
  const pictures: readonly Picture[] = [
    { file: 'comment-light.png', markdown: comment, kind: 'comment', scheme: 'light', open: true },
    { file: 'comment-dark.png', markdown: comment, kind: 'comment', scheme: 'dark', open: true },
    { file: 'comment-matrix-light.png', markdown: commentOfMatrix, kind: 'comment', scheme: 'light' },
    { file: 'comment-reports-light.png', markdown: commentOfLegs, kind: 'comment', scheme: 'light' },
    { file: 'comment-good-news-light.png', markdown: commentOfGoodNews, kind: 'comment', scheme: 'light' },
    {
      file: 'comment-coverage-light.png',
      markdown: commentOfCoverage,
      kind: 'comment',
      scheme: 'light',
      open: true,
    },
    { file: 'summary-light.png', markdown: summary, kind: 'summary', scheme: 'light' },
    { file: 'summary-dark.png', markdown: summary, kind: 'summary', scheme: 'dark' },
    {
      file: 'comment-narrow.png',
      markdown: comment,
      kind: 'comment',
      scheme: 'light',
      open: true,
      width: narrow,
    },
    { file: 'summary-narrow.png', markdown: summary, kind: 'summary', scheme: 'light', width: narrow },
    { file: 'annotations-light.png', markdown: annotations, kind: 'annotations', scheme: 'light' },
    { file: 'annotations-dark.png', markdown: annotations, kind: 'annotations', scheme: 'dark' },
  ];
  return pictures.map((picture) => ({
    file: picture.file,
    html: pageOf(picture),
    ...(picture.width && { width: picture.width }),
  }));
}

try {
  const chromium = readyChromium();
  const pictures = [
    ...(process.argv.includes('questions') ? [] : await ofGithub()),
    ...(await askForPictures(home)),
  ];
  mkdirSync(images, { recursive: true });
  for (const picture of pictures) {
    const size = take(chromium, home, picture);
    console.log(`docs/images/${picture.file}  ${(size / 1000).toFixed(0)} kB`);
    if (size > largestPicture) throw new Error(`${picture.file} is larger than ${largestPicture} bytes`);
  }
} finally {
  rmSync(home, { recursive: true, force: true });
}
