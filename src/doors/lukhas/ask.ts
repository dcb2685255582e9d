// Actions of the questions about runs, tests and failures: call the store and the judge, and print what they answer. No SQL here.
import { findFlaky, judgeListed, readTest, type TestHistory } from '../../asking.ts';
import type { Outcome } from '../../model.ts';
import { readStoredFailure } from '../../read/report/junit.ts';
import { listFailures } from '../../store/questions/failures.ts';
import {
  countCoverage,
  countExpectedFailures,
  findRun,
  type ListedRun,
  listRuns,
  readFailures,
} from '../../store/questions/runs.ts';
import { findTest, type TestRun } from '../../store/questions/tests.ts';
import { readLeastCovered } from '../../store/runs/jobs.ts';
import { showFailure } from '../../tally.ts';
import { pairFailures } from '../../tell/alike.ts';
import { pytestCommand } from '../../tell/commands.ts';
import { comparedWith, evidenceOf, labelOf, shortSha } from '../../tell/evidence.ts';
import { safeLine, safeText } from '../../tell/safe.ts';
import { sparkline } from '../../tell/terminal/plot.ts';
import { renderSummary } from '../../tell/terminal/summary.ts';
import { type Cell, renderTable } from '../../tell/terminal/table.ts';
import { fold, type Paint, type Terminal, wrap } from '../../tell/terminal/terminal.ts';
import { ago, lasted } from '../../tell/terminal/when.ts';
import { count, duration, number, percent } from '../../tell/words.ts';
import type { ExitCode } from '../process.ts';
import { type AskSettings, answerAbout, nameOf } from './asking.ts';

/** How many rows where nobody says. */
const usual = 20;

export function runs({ limit = usual, ...settings }: AskSettings, terminal: Terminal): Promise<ExitCode> {
  const { paint, columns: width } = terminal;
  return answerAbout(settings, terminal, {}, async ({ db, access, scope, now, json }) => {
    const { items, more } = await listRuns(db, access, scope, limit);
    const rows = items.map((run): Cell[] => [
      verdictCell(run, paint),
      run.runId.slice(0, 13),
      ago(run.createdAt, now),
      ...(scope.repository === undefined ? [safeLine(run.repository ?? '')] : []),
      { text: safeLine(run.branch ?? '-'), paint: paint.cyan },
      run.gitSha === undefined ? '-' : shortSha(run.gitSha),
      safeLine([run.jobName, run.lane].filter((part) => part !== undefined).join(' · ')),
      resultCell(run, paint),
      run.totals.durationSeconds === undefined ? '' : duration(run.totals.durationSeconds),
      run.totals.coveragePercent === undefined ? '' : percent(run.totals.coveragePercent),
      { text: marksOf(run), paint: paint.yellow },
    ]);
    const columns = [
      { head: '' },
      { head: 'run' },
      { head: 'when' },
      ...(scope.repository === undefined ? [{ head: 'repository', least: 10, optional: 1 }] : []),
      { head: 'branch', least: 12, keepsEnd: true },
      { head: 'commit', optional: 4 },
      { head: 'job', least: 10, optional: 5 },
      { head: 'result' },
      { head: 'took', align: 'right', optional: 3 },
      { head: 'coverage', align: 'right', optional: 2 },
      { head: '', least: 5, optional: 6 },
    ] as const;
    return {
      lines: [
        ...renderTable(columns, rows, { width, paint }),
        ...(more ? [paint.dim(`the newest ${items.length}: --limit ${limit * 5} shows more`)] : []),
      ],
      json: { scope: json, runs: items.map(jsonOfRun), more },
    };
  });
}

function verdictCell({ totals, isIncomplete }: ListedRun, paint: Paint): Cell {
  if (totals.failed + totals.errors > 0) return { text: '✗', paint: paint.red };
  return isIncomplete || totals.passed === 0
    ? { text: '○', paint: paint.yellow }
    : { text: '✓', paint: paint.green };
}

function resultCell({ totals }: ListedRun, paint: Paint): Cell {
  const red = totals.failed + totals.errors;
  return red > 0
    ? { text: `${number(red)} of ${number(totals.total)} failed`, paint: paint.red }
    : { text: `${number(totals.passed)} passed`, paint: (text) => text };
}

function marksOf(run: ListedRun): string {
  return [
    ...(run.isIncomplete ? ['incomplete'] : []),
    ...(run.isStale ? ['old report'] : []),
    ...((run.dirty ?? 0) > 0 ? ['uncommitted'] : []),
    ...(run.origin === 'stranger' ? ['fork'] : []),
    ...((run.runAttempt ?? 1) > 1 ? [`attempt ${run.runAttempt}`] : []),
  ].join(', ');
}

export function jsonOfRun(run: ListedRun): Record<string, unknown> {
  return {
    id: run.runId,
    created_at: run.createdAt.toISOString(),
    repository: run.repository,
    repository_host: run.repositoryHost,
    project: run.project,
    git_branch: run.branch,
    git_sha: run.gitSha,
    job: run.jobName,
    lane: run.lane,
    pull_request: run.pullRequest,
    run_attempt: run.runAttempt,
    origin: run.origin,
    total_tests: run.totals.total,
    passed: run.totals.passed,
    failed: run.totals.failed,
    errors: run.totals.errors,
    skipped: run.totals.skipped,
    duration_seconds: run.totals.durationSeconds,
    coverage_percent: run.totals.coveragePercent,
    incomplete: run.isIncomplete,
    dirty: (run.dirty ?? 0) > 0,
    stale: run.isStale,
  };
}

/** So many lines of a traceback's end are shown. */
const tracebackLines = 40;
/** So many failures are read with their texts. */
const mostRead = 1000;

export function run(
  { id, limit = 10, ...settings }: AskSettings & { readonly id: string },
  terminal: Terminal,
): Promise<ExitCode> {
  const { paint, columns } = terminal;
  return answerAbout(settings, terminal, {}, async ({ db, access, scope, now, checkout, folderOf, json }) => {
    const found = await findRun(db, access, scope, id);
    const history = await judgeListed(db, access, found, checkout);
    const stored = await readFailures(db, access, found, mostRead);
    const shown = stored.items.map((item) =>
      showFailure({
        ...item,
        outcome: item.outcome as Outcome,
        causeKey: item.causeKey as never,
        failure: readStoredFailure(item),
      }),
    );
    const hasCoverage = found.totals.coveragePercent !== undefined;
    const summary = renderSummary(
      {
        reports: [`run ${found.runId.slice(0, 13)}`],
        numberedIn: found.runId,
        folder: folderOf(found),
        commit: { branch: found.branch, sha: found.gitSha, dirty: found.dirty },
        totals: found.totals,
        lost: 0,
        incomplete: found.isIncomplete,
        xfailed: found.totals.skipped === 0 ? 0 : await countExpectedFailures(db, access, found),
        failures: shown,
        history,
        slowest: [],
        leastCovered: hasCoverage ? await readLeastCovered(db, access, found, 5) : [],
        coveredFiles: hasCoverage ? await countCoverage(db, access, found) : 0,
        stored: {
          ok: true,
          text: `run ${found.runId}`,
        },
        warnings: [],
      },
      { paint, columns, mostFailures: limit, hint: `--limit ${limit * 5} shows more` },
    );
    const facts = [
      ago(found.createdAt, now),
      ...(found.repository === undefined ? [] : [nameOf(found.repository) ?? '']),
      ...(found.jobName === undefined ? [] : [found.jobName]),
      ...(found.lane === undefined ? [] : [`lane ${found.lane}`]),
      ...(marksOf(found) === '' ? [] : [marksOf(found)]),
    ];
    // One traceback stands for all that one cause made, and for those that are the same.
    const told = new Set<string>();
    const different = stored.items.filter(({ causeKey, traceback, message }) => {
      const key = causeKey ?? traceback ?? message ?? '';
      if (told.has(key)) return false;
      told.add(key);
      return true;
    });
    const traces = different.slice(0, limit).flatMap((item) => {
      const lines = safeText(item.traceback ?? item.message ?? '')
        .trimEnd()
        .split('\n');
      const cut = lines.length > tracebackLines;
      return [
        '',
        paint.bold(fold(`${item.number}  ${safeLine(item.testName)}`, columns)),
        ...(cut ? [paint.dim(`   … the last ${tracebackLines} of ${number(lines.length)} lines`)] : []),
        ...lines.slice(-tracebackLines).map((line) => `   ${line}`),
      ];
    });
    const all = found.totals.failed + found.totals.errors;
    const rest = different.length - Math.min(limit, different.length);
    return {
      lines: [
        summary,
        ...facts.map((fact) => paint.dim(`  ${fold(safeLine(fact), columns - 2)}`)),
        ...traces,
        ...(stored.more ? ['', paint.dim(`of the first ${number(mostRead)} failures alone`)] : []),
        ...(rest > 0 ? ['', paint.dim(`${count(rest, 'traceback')} more: --limit ${limit * 5}`)] : []),
      ],
      json: {
        scope: json,
        run: jsonOfRun(found),
        base_branch: history.baseBranch,
        base_git_sha: history.point?.sha,
        infrastructure: history.isInfrastructure,
        failures: pairFailures(shown, history).map(({ failure, history: verdict }, at) => ({
          number: stored.items[at]?.number,
          test_name: failure?.testName ?? verdict?.testName,
          outcome: failure?.outcome,
          error_type: failure?.errorType,
          error_message: failure?.message,
          traceback: stored.items[at]?.traceback,
          failure_signature: failure?.failureSignature,
          class: verdict?.class,
          known: verdict?.known,
          memory_id: verdict?.match?.memory.id,
          evidence: verdict === undefined ? null : evidenceOf(verdict, history),
        })),
        failures_total: all,
        fixed: history.fixed.map((test) => ({ test_name: test.testName, kind: test.kind })),
        coverage:
          history.coverage === undefined
            ? null
            : { before: history.coverage.beforePercent, after: history.coverage.afterPercent },
      },
    };
  });
}

/** A cell a run. */
const cells: Readonly<Record<Outcome, string>> = {
  passed: '■',
  xpassed: '■',
  failed: '✗',
  error: 'E',
  skipped: '·',
  xfailed: 'x',
};
const isRed = ({ outcome }: TestRun) => outcome === 'failed' || outcome === 'error';
const didRun = ({ outcome }: TestRun) => outcome !== 'skipped' && outcome !== 'xfailed';

export function test(
  { id, limit = 100, ...settings }: AskSettings & { readonly id: string },
  terminal: Terminal,
): Promise<ExitCode> {
  const { paint, columns } = terminal;
  return answerAbout(
    settings,
    terminal,
    { days: 90 },
    async ({ db, access, scope, now, checkout, folderOf, json }) => {
      const testName = await findTest(db, access, scope, id);
      const timeline = await readTest(db, access, scope, { testName, limit });
      const [newest] = timeline.runs;
      const oldestFirst = timeline.runs.toReversed();
      // Strangers' runs are evidence for nobody.
      const counting = oldestFirst.filter((one) => one.origin !== 'stranger' && didRun(one));
      const strangers = oldestFirst.filter((one) => one.origin === 'stranger' && didRun(one)).length;
      const red = counting.filter(isRed);
      const flips = flipsOf(counting);
      const last = timeline.runs.find(isRed);
      const isStillRed = newest !== undefined && last === newest;
      const lastRed = last && (await findRun(db, access, {}, last.runId));
      const history = isStillRed && lastRed ? await judgeListed(db, access, lastRed, checkout) : undefined;
      const verdict = history?.failures.find((failure) => failure.testName === testName);
      const seconds = oldestFirst.map(({ durationSeconds }) => durationSeconds);
      const known = seconds.filter((value) => value !== undefined).toSorted((a, b) => a - b);
      const line = (name: string, value: string) => `${paint.bold(name.padEnd(11))}${value}`;
      const color = (one: TestRun, cell: string) =>
        isRed(one) ? paint.red(cell) : didRun(one) ? paint.green(cell) : paint.dim(cell);
      const room = columns - 11;
      const strips: string[] = [];
      for (let at = 0; at < oldestFirst.length; at += room) {
        const part = oldestFirst.slice(at, at + room);
        strips.push(line(at === 0 ? 'runs' : '', part.map((one) => color(one, cells[one.outcome])).join('')));
        if (known.length > 1)
          strips.push(line(at === 0 ? 'durations' : '', paint.dim(sparkline(seconds.slice(at, at + room)))));
      }
      const first = oldestFirst[0];
      const signatures = signaturesOf(timeline.runs);
      const lines = [
        paint.bold(safeLine(testName)),
        ...renamesOf(timeline, now).flatMap((words, at) =>
          wrap(words, room).map((part, row) => line(at + row === 0 ? 'renamed' : '', part)),
        ),
        ...strips,
        ...wrap(
          `${first === undefined ? '' : ago(first.createdAt, now)} → ${newest === undefined ? '' : ago(newest.createdAt, now)}: ■ passed, ✗ failed, E error, · skipped, x xfailed`,
          room,
        ).map((words) => line('', paint.dim(words))),
        '',
        line(
          'failed',
          `${number(red.length)} of ${count(counting.length, 'run')}${counting.length === 0 ? '' : `, ${percent((100 * red.length) / counting.length)}`}${timeline.more ? ` (of the newest ${number(timeline.runs.length)}: --limit ${limit * 5})` : ''}${strangers === 0 ? '' : `; without ${count(strangers, 'run')} of forks`}`,
        ),
        line('flips', `${number(flips)}, from one run of a job and branch to its next`),
        ...(known.length === 0
          ? []
          : [
              line(
                'takes',
                `${duration(quantile(known, 0.5))} usually, ${duration(known.at(-1) ?? 0)} at most${newest?.durationSeconds === undefined ? '' : `, ${duration(newest.durationSeconds)} last`}`,
              ),
            ]),
      ];
      if (verdict !== undefined && history !== undefined) {
        const why = evidenceOf(verdict, history) || comparedWith(history);
        const label = safeLine(`${labelOf(verdict)}: ${why}`);
        wrap(label, room).forEach((words, at) => {
          lines.push(line(at === 0 ? 'last run' : '', at === 0 ? paint.red(words) : words));
        });
      } else if (newest !== undefined)
        lines.push(
          line(
            'last run',
            isRed(newest)
              ? paint.red('failed, and could not be judged')
              : `${newest.outcome}${last === undefined ? '; no failure in this time' : `; failed last ${ago(last.createdAt, now)} in run ${last.runId.slice(0, 13)}`}`,
          ),
        );
      if (newest !== undefined && timeline.runsSince > 0)
        lines.push(
          line(
            'last seen',
            `${ago(newest.createdAt, now)} in run ${newest.runId.slice(0, 13)}; ${count(timeline.runsSince, 'newer run')} of its job ${timeline.runsSince === 1 ? 'does' : 'do'} not have it`,
          ),
        );
      if (signatures.length > 0)
        lines.push(
          '',
          ...renderTable(
            [
              { head: 'failures', align: 'right' },
              { head: 'error', least: 10 },
              { head: 'signature', least: 12, optional: 2 },
              { head: 'first' },
              { head: 'last' },
              { head: 'memory', optional: 1 },
            ],
            signatures
              .slice(0, 10)
              .map((group) => [
                number(group.count),
                { text: safeLine(group.errorType ?? 'failure'), paint: paint.red },
                safeLine(group.signature ?? ''),
                ago(group.first, now),
                ago(group.last, now),
                group.memoryId === undefined ? '' : `lukhas healix show ${group.memoryId.slice(0, 8)}`,
              ]),
            { width: columns, paint },
          ),
        );
      const command = pytestCommand(
        {
          testName,
          testFile: testName.split('::')[0],
          outcome: last?.outcome ?? 'failed',
          errorType: last?.errorType,
        },
        lastRed && folderOf(lastRed),
      );
      if (last !== undefined && command !== undefined) lines.push('', paint.dim(command));
      return {
        lines,
        json: {
          scope: json,
          test_name: testName,
          failures: red.length,
          runs: counting.length,
          flips,
          class: verdict?.class,
          known: verdict?.known,
          evidence: verdict && history ? evidenceOf(verdict, history) : null,
          since_git_sha: verdict?.since?.firstRed,
          last_green_git_sha: verdict?.since?.lastGreen,
          more: timeline.more,
          runs_since: timeline.runsSince,
          renamed_from: timeline.renamedFrom.map(({ from, to, runs, ...seen }) => ({
            from,
            to,
            ...jsonOfSeen(seen),
            runs: runs ?? null,
          })),
          renamed_to: timeline.renamedTo.flatMap(({ further, ...first }) =>
            [first, ...further].map(({ from, to, ...seen }) => ({ from, to, ...jsonOfSeen(seen) })),
          ),
          signatures: signatures.map((group) => ({
            failure_signature: group.signature,
            error_type: group.errorType,
            failures: group.count,
            first: group.first.toISOString(),
            last: group.last.toISOString(),
            memory_id: group.memoryId,
          })),
          timeline: timeline.runs.map((one) => ({
            run_id: one.runId,
            test_name: one.testName,
            created_at: one.createdAt.toISOString(),
            git_branch: one.branch,
            git_sha: one.gitSha,
            job: one.jobName,
            lane: one.lane,
            origin: one.origin,
            outcome: one.outcome,
            duration_seconds: one.durationSeconds,
            attempts: one.attempts,
            error_type: one.errorType,
            failure_signature: one.failureSignature,
            cause_key: one.causeKey,
            memory_id: one.memoryId,
          })),
        },
      };
    },
  );
}

const jsonOfSeen = ({ gitSha, seenAt }: { readonly gitSha: string | undefined; readonly seenAt: Date }) => ({
  seen_git_sha: gitSha ?? null,
  seen_at: seenAt.toISOString(),
});

/** So many renames each way are named. */
const mostRenames = 5;

/** From which names, and to which, with the first run that showed it. */
function renamesOf({ renamedFrom, renamedTo }: TestHistory, now: Date): readonly string[] {
  const seen = ({ gitSha, seenAt }: { readonly gitSha: string | undefined; readonly seenAt: Date }) =>
    `first seen ${gitSha === undefined ? '' : `on ${shortSha(gitSha)} `}${ago(seenAt, now)}`;
  return [
    ...renamedTo
      .slice(0, mostRenames)
      .map(({ to, further, runsSince, ...first }) =>
        [
          `to ${to}, ${seen(first)}`,
          ...further.map((next) => `then to ${next.to}, ${seen(next)}`),
          ...(runsSince > 0
            ? [`${count(runsSince, 'run')} since then ${runsSince === 1 ? 'has' : 'have'} this name still`]
            : []),
        ].join('; '),
      ),
    ...renamedFrom
      .slice(0, mostRenames)
      .map(
        ({ from, runs, ...first }) =>
          `from ${from}, ${seen(first)}; ${runs === undefined ? 'its runs are not shown: both names have run together' : `${count(runs, 'run')} shown ${runs === 1 ? 'has' : 'have'} that name`}`,
      ),
  ].map(safeLine);
}

/** How often a run of a line and branch went otherwise than the one before. */
function flipsOf(oldestFirst: readonly TestRun[]): number {
  const last = new Map<string, boolean>();
  let flips = 0;
  for (const one of oldestFirst) {
    const key = `${one.lineId ?? one.jobName}\n${one.branch}`;
    const before = last.get(key);
    if (before !== undefined && before !== isRed(one)) flips++;
    last.set(key, isRed(one));
  }
  return flips;
}

interface SignatureGroup {
  readonly signature: string | undefined;
  readonly errorType: string | undefined;
  readonly memoryId: string | undefined;
  readonly count: number;
  readonly first: Date;
  readonly last: Date;
}

/** Failures by signature, the most frequent first. */
function signaturesOf(newestFirst: readonly TestRun[]): readonly SignatureGroup[] {
  const groups = new Map<string, TestRun[]>();
  for (const one of newestFirst.filter(isRed)) {
    const key = one.failureSignature ?? '';
    groups.set(key, [...(groups.get(key) ?? []), one]);
  }
  return [...groups.values()]
    .map((group) => ({
      signature: group[0]?.failureSignature,
      errorType: group[0]?.errorType,
      memoryId: group.find(({ memoryId }) => memoryId !== undefined)?.memoryId,
      count: group.length,
      first: group.at(-1)?.createdAt ?? new Date(0),
      last: group[0]?.createdAt ?? new Date(0),
    }))
    .sort((a, b) => b.count - a.count || b.last.getTime() - a.last.getTime());
}

function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

export function failures({ limit = usual, ...settings }: AskSettings, terminal: Terminal): Promise<ExitCode> {
  const { paint, columns: width } = terminal;
  return answerAbout(settings, terminal, { days: 30 }, async ({ db, access, scope, now, json }) => {
    const { items, total, isCut, failures: seen } = await listFailures(db, access, scope, limit);
    const rows = items.map((group): Cell[] => [
      number(group.runs),
      number(group.tests),
      { text: safeLine(group.errorType ?? 'failure'), paint: paint.red },
      safeLine(
        group.causeKey === undefined
          ? group.tests > 1
            ? `${group.testName} and ${group.tests - 1} more`
            : group.testName
          : group.causeKey.replace(/^c1:[0-9a-f]{32} /, ''),
      ),
      safeLine(withoutType(group.message ?? '', group.errorType)),
      lasted(group.firstAt, group.lastAt),
      ago(group.lastAt, now),
      group.newestRunId.slice(0, 13),
    ]);
    return {
      lines: [
        ...(items.length === 0
          ? [paint.green('nothing failed')]
          : renderTable(
              [
                { head: 'runs', align: 'right' },
                { head: 'tests', align: 'right' },
                { head: 'error', least: 12 },
                { head: 'where', least: 20, keepsEnd: true },
                { head: 'message', least: 16, optional: 2 },
                { head: 'over', optional: 3 },
                { head: 'last' },
                { head: 'in run', optional: 1 },
              ],
              rows,
              { width, paint },
            )),
        ...(total > items.length
          ? [
              paint.dim(
                `${number(items.length)} of ${count(total, 'group')}: --limit ${limit * 5} shows more`,
              ),
            ]
          : []),
        ...(isCut
          ? [
              paint.yellow(
                `only the newest ${number(seen)} failures were looked at: a later --since sees all`,
              ),
            ]
          : []),
      ],
      json: {
        scope: json,
        total,
        cut: isCut,
        failures: items.map((group) => ({
          cause_key: group.causeKey,
          test_name: group.testName,
          error_type: group.errorType,
          error_message: group.message,
          failure_signature: group.failureSignature,
          memory_id: group.memoryId,
          newest_run_id: group.newestRunId,
          failures: group.failures,
          tests: group.tests,
          runs: group.runs,
          branches: group.branches,
          first: group.firstAt.toISOString(),
          last: group.lastAt.toISOString(),
        })),
      },
    };
  });
}

/** The type stands in a column of its own. */
function withoutType(message: string, errorType: string | undefined): string {
  const [first = ''] = message.split('\n');
  return errorType !== undefined && first.startsWith(`${errorType}: `)
    ? first.slice(errorType.length + 2)
    : first;
}

export function flaky({ limit = usual, ...settings }: AskSettings, terminal: Terminal): Promise<ExitCode> {
  const { paint, columns: width } = terminal;
  return answerAbout(settings, terminal, {}, async ({ db, access, scope, now, json }) => {
    const found = await findFlaky(db, access, scope);
    const shown = found.tests.slice(0, limit);
    const rows = shown.map((one): Cell[] => [
      { text: safeLine(one.testName), paint: paint.bold },
      one.attempts === 0 ? '' : percent((100 * one.failures) / one.attempts),
      `${number(one.failures)} of ${number(one.attempts)}`,
      one.costSeconds === undefined ? '' : minutes(one.costSeconds),
      one.lastFailedAt === undefined ? '' : ago(one.lastFailedAt, now),
      safeLine(
        `${one.evidence.kind === 'rerun' ? 'failed and passed on' : 'failed alone, last on'} ${shortSha(one.evidence.sha)}${one.evidence.branch === undefined ? '' : ` (${one.evidence.branch})`}`,
      ),
    ]);
    const notes = [
      ...(found.tests.length > shown.length
        ? [`${shown.length} of ${count(found.tests.length, 'flaky test')}: --limit ${limit * 5} shows more`]
        : []),
      ...(found.unseen > 0
        ? [
            `${number(found.unseen)} of ${number(found.suspects)} tests that failed twice were not judged: those that failed most were`,
          ]
        : []),
      ...(found.moreSuites ? ['only the projects and lanes with the newest runs were looked at'] : []),
    ];
    return {
      lines: [
        ...(shown.length === 0
          ? wrap(
              `no flaky test in the ${found.days} days before the newest run: no test failed and passed on one commit, and none failed alone in two changes; runs of forks and reports older than their commit do not count`,
              width,
            )
          : renderTable(
              [
                { head: 'test', least: 24, keepsEnd: true },
                { head: 'rate', align: 'right' },
                { head: 'failed', align: 'right', optional: 3 },
                { head: 'cost', align: 'right' },
                { head: 'last', optional: 2 },
                { head: 'evidence', least: 38, optional: 1 },
              ],
              rows,
              { width, paint },
            )),
        ...notes.flatMap((note) => wrap(note, width)).map((note) => paint.dim(note)),
      ],
      json: {
        scope: json,
        days: found.days,
        total: found.tests.length,
        suspects: found.suspects,
        not_judged: found.unseen,
        flaky: shown.map((one) => ({
          test_name: one.testName,
          repository: one.suite.repository,
          project: one.suite.project,
          lane: one.suite.lane,
          job: one.jobName,
          error_type: one.errorType,
          failures: one.failures,
          attempts: one.attempts,
          rate: one.attempts === 0 ? null : one.failures / one.attempts,
          cost_seconds: one.costSeconds,
          last_failed_at: one.lastFailedAt?.toISOString(),
          evidence: {
            kind: one.evidence.kind,
            git_sha: one.evidence.sha,
            git_branch: one.evidence.branch,
            base_failures: one.evidence.failures,
            base_runs: one.evidence.runs,
          },
        })),
      },
    };
  });
}

/** As a cost: `12.5 s`, `1.4 min`, `12 min`, `3 h 20 min`. */
export function minutes(seconds: number): string {
  if (seconds < 60) return duration(seconds);
  const whole = Math.round(seconds / 60);
  if (whole < 10) return `${(seconds / 60).toFixed(1)} min`;
  return whole < 60 ? `${whole} min` : `${Math.floor(whole / 60)} h ${whole % 60} min`;
}
