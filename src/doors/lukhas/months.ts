// Action of `lukhas test --months`: how a test did month by month, from the sums that a retention keeps and the runs that are there.
import { readTestMonths } from '../../asking.ts';
import type { TestMonth } from '../../store/keep/trend.ts';
import type { Scope } from '../../store/questions/scope.ts';
import { findTest } from '../../store/questions/tests.ts';
import { shortSha } from '../../tell/evidence.ts';
import { safeLine } from '../../tell/safe.ts';
import { type Cell, renderTable } from '../../tell/terminal/table.ts';
import { type Terminal, wrap } from '../../tell/terminal/terminal.ts';
import { duration, number } from '../../tell/words.ts';
import { usage } from '../arguments.ts';
import type { ExitCode } from '../process.ts';
import { type AskSettings, answerAbout } from './asking.ts';

export function months(
  { id, ...settings }: AskSettings & { readonly id: string },
  terminal: Terminal,
): Promise<ExitCode> {
  if (settings.branch !== undefined)
    throw usage('--branch does not go with --months', 'Months tell the base branch and all others apart.');
  if (settings.limit !== undefined) throw usage('--limit does not go with --months');
  const { paint, columns: width } = terminal;
  return answerAbout(settings, terminal, { days: 3 * 365.25 }, async ({ db, access, scope, json }) => {
    const read = (name: string) => readTestMonths(db, access, { testName: name, from: scope.since });
    // A whole name may be of a test whose results are all gone.
    const named = await read(id);
    const isNamed = named.months.length > 0;
    const testName = isNamed ? id : await findTest(db, access, scope, id);
    const { months: found, renamedFrom } = isNamed ? named : await read(testName);
    const all = found.filter((month) => isOf(month, scope));
    const renamed = renamedFrom.filter((rename) => all.some((month) => month.testName === rename.from));
    const rows = [...new Set(all.map(({ month }) => month))].map((month): Cell[] => {
      const some = all.filter((one) => one.month === month);
      const base = added(some.filter(({ onBase }) => onBase));
      const others = added(some.filter(({ onBase }) => !onBase));
      const ran = base.runs + others.runs - base.skipped - others.skipped;
      return [
        month,
        number(base.runs),
        failures(base, paint.red),
        number(others.runs),
        failures(others, paint.red),
        {
          text: base.flaky + others.flaky === 0 ? '' : number(base.flaky + others.flaky),
          paint: paint.yellow,
        },
        ran === 0 ? '' : duration((base.seconds + others.seconds) / ran),
      ];
    });
    const columns = [
      { head: 'month' },
      { head: 'base runs', align: 'right' },
      { head: 'failed', align: 'right' },
      { head: 'other runs', align: 'right' },
      { head: 'failed', align: 'right' },
      { head: 'flaky commits', align: 'right' },
      { head: 'took', align: 'right', optional: 1 },
    ] as const;
    return {
      lines: [
        paint.bold(safeLine(testName)),
        ...renamed.flatMap(({ from, gitSha, seenAt }) =>
          wrap(
            safeLine(
              `renamed from ${from}, first seen${gitSha === undefined ? '' : ` on ${shortSha(gitSha)}`} in ${seenAt.toISOString().slice(0, 7)}: months until then have both names`,
            ),
            width,
          ),
        ),
        ...(rows.length === 0 ? ['no run in this time'] : renderTable(columns, rows, { width, paint })),
      ],
      json: {
        scope: json,
        test_name: testName,
        renamed_from: renamed.map(({ from, to, gitSha, seenAt }) => ({
          from,
          to,
          seen_git_sha: gitSha ?? null,
          seen_at: seenAt.toISOString(),
        })),
        months: all.map(jsonOf),
      },
    };
  });
}

function isOf({ line }: TestMonth, { repository, lane, job }: Scope): boolean {
  const name = line.repository?.toLowerCase();
  return (
    (repository === undefined ||
      name === repository.name ||
      name?.endsWith(`/${repository.name}`) === true) &&
    (lane === undefined || line.lane === lane) &&
    (job === undefined || line.jobName === job)
  );
}

type Sums = Readonly<Record<'runs' | 'red' | 'flaky' | 'skipped' | 'seconds', number>>;

function added(months: readonly TestMonth[]): Sums {
  const of = (value: (month: TestMonth) => number) => months.reduce((sum, month) => sum + value(month), 0);
  return {
    runs: of(({ runs }) => runs),
    red: of(({ failed, errors }) => failed + errors),
    flaky: of(({ flaky }) => flaky),
    skipped: of(({ skipped }) => skipped),
    seconds: of(({ seconds }) => seconds),
  };
}

function failures({ red }: Sums, paint: (text: string) => string): Cell {
  return red === 0 ? '' : { text: number(red), paint };
}

function jsonOf(month: TestMonth): Record<string, unknown> {
  return {
    month: month.month,
    test_name: month.testName,
    on_base: month.onBase,
    repository: month.line.repository ?? null,
    project: month.line.project ?? null,
    lane: month.line.lane ?? null,
    job: month.line.jobName ?? null,
    step: month.line.step ?? null,
    runs: month.runs,
    passed: month.passed,
    failed: month.failed,
    errors: month.errors,
    skipped: month.skipped,
    xfailed: month.xfailed,
    xpassed: month.xpassed,
    flaky_commits: month.flaky,
    seconds: month.seconds,
    last_failed_at: month.lastFailedAt?.toISOString() ?? null,
    last_failure_signature: month.lastFailureSignature ?? null,
  };
}
