// Actions of the questions about the team: use, people, reviews, memories' rates. No SQL here.
import { listBlocked, readActivity, readMemoryRates, readUsage } from '../../store/questions/team.ts';
import { shortSha } from '../../tell/evidence.ts';
import { toJson } from '../../tell/json.ts';
import { safeLine } from '../../tell/safe.ts';
import { type Cell, renderTable } from '../../tell/terminal/table.ts';
import type { Terminal } from '../../tell/terminal/terminal.ts';
import { ago } from '../../tell/terminal/when.ts';
import { number, percent } from '../../tell/words.ts';
import type { ExitCode } from '../process.ts';
import { type AskSettings, answerAbout } from './asking.ts';

const usual = 20;

export function usage(settings: AskSettings, terminal: Terminal): Promise<ExitCode> {
  const { paint, columns: width } = terminal;
  return answerAbout(settings, terminal, { days: 365 }, async ({ db, access, scope, json }) => {
    const months = await readUsage(db, access, scope);
    return {
      lines: renderTable(
        [
          { head: 'month' },
          { head: 'runs', align: 'right' },
          { head: 'failed', align: 'right' },
          { head: 'results', align: 'right' },
          { head: 'hours', align: 'right' },
          { head: 'coverage', align: 'right', optional: 1 },
        ],
        months.map((one): Cell[] => [
          one.month.toISOString().slice(0, 7),
          number(one.runs),
          number(one.failedRuns),
          number(one.tests),
          one.hours.toFixed(1),
          one.coveragePercent === undefined ? '' : percent(one.coveragePercent),
        ]),
        { width, paint },
      ),
      json: {
        scope: json,
        months: months.map((one) => ({
          month: one.month.toISOString(),
          total_runs: one.runs,
          failed_runs: one.failedRuns,
          total_tests: one.tests,
          hours: one.hours,
          avg_coverage: one.coveragePercent,
        })),
      },
    };
  });
}

export function activity({ limit = usual, ...settings }: AskSettings, terminal: Terminal): Promise<ExitCode> {
  const { paint, columns: width } = terminal;
  return answerAbout(
    { ...settings, all: true },
    terminal,
    { days: 7 },
    async ({ db, access, scope, now, json }) => {
      const { people, total } = await readActivity(db, access, { since: scope.since ?? now, limit });
      return {
        lines: [
          ...(people.length === 0
            ? ['no person of this team is in the table users']
            : renderTable(
                [
                  { head: 'person', least: 12 },
                  { head: 'id', least: 12, optional: 1 },
                  { head: 'last login' },
                  { head: 'runs', align: 'right' },
                  { head: 'last run' },
                ],
                people.map((one): Cell[] => [
                  safeLine(one.displayName ?? one.lambdaId),
                  safeLine(one.lambdaId),
                  one.lastLoginAt === undefined ? 'never' : ago(one.lastLoginAt, now),
                  number(one.runs),
                  one.lastRunAt === undefined ? '' : ago(one.lastRunAt, now),
                ]),
                { width, paint },
              )),
          ...(total > people.length
            ? [paint.dim(`${people.length} of ${number(total)}: --limit ${limit * 5} shows more`)]
            : []),
        ],
        json: {
          scope: json,
          total,
          people: people.map((one) => ({
            lambda_id: one.lambdaId,
            display_name: one.displayName,
            last_login_at: one.lastLoginAt?.toISOString(),
            recent_test_runs: one.runs,
            last_run_at: one.lastRunAt?.toISOString(),
          })),
        },
      };
    },
  );
}

export function guardian({ limit = 50, ...settings }: AskSettings, terminal: Terminal): Promise<ExitCode> {
  const { paint, columns: width } = terminal;
  return answerAbout({ ...settings, all: true }, terminal, {}, async ({ db, access, scope, now, json }) => {
    const { reviews, more } = await listBlocked(db, access, scope, limit);
    return {
      lines: [
        ...(reviews.length === 0
          ? [paint.green('Guardian blocks nothing')]
          : renderTable(
              [
                { head: 'pull request', align: 'right' },
                { head: 'branch', least: 12, keepsEnd: true },
                { head: 'commit', optional: 2 },
                { head: 'when' },
                { head: 'what Guardian says', least: 20, optional: 1 },
              ],
              reviews.map((one): Cell[] => [
                one.pullRequest === undefined ? '' : `#${one.pullRequest}`,
                { text: safeLine(one.branch ?? ''), paint: paint.cyan },
                shortSha(one.gitSha),
                ago(one.createdAt, now),
                safeLine(guardianWords(one.guardian)),
              ]),
              { width, paint },
            )),
        ...(more ? [paint.dim(`the newest ${reviews.length}: --limit ${limit * 5} shows more`)] : []),
      ],
      json: {
        scope: json,
        more,
        reviews: reviews.map((one) => ({
          id: one.reviewId,
          pr_number: one.pullRequest,
          git_sha: one.gitSha,
          git_branch: one.branch,
          created_at: one.createdAt.toISOString(),
          guardian_review: one.guardian,
        })),
      },
    };
  });
}

/** A review's own words where it has them, else all that it says. */
function guardianWords(guardian: unknown): string {
  const said = typeof guardian === 'object' && guardian !== null ? (guardian as Record<string, unknown>) : {};
  for (const key of ['reason', 'message', 'summary', 'details'])
    if (typeof said[key] === 'string') return said[key];
  return toJson(guardian).slice(0, 300);
}

export function rates({ limit = usual, ...settings }: AskSettings, terminal: Terminal): Promise<ExitCode> {
  const { paint, columns: width } = terminal;
  return answerAbout({ ...settings, all: true }, terminal, {}, async ({ db, access, json }) => {
    const found = await readMemoryRates(db, access, limit);
    return {
      lines: [
        ...(found.rates.length === 0
          ? ['no memory of this team was tried five times yet']
          : renderTable(
              [
                { head: 'memory' },
                { head: 'worked', align: 'right' },
                { head: 'of', align: 'right' },
                { head: 'rate', align: 'right' },
                { head: 'confidence', align: 'right', optional: 2 },
                { head: 'type', optional: 1 },
                { head: 'test', least: 20, keepsEnd: true },
              ],
              found.rates.map((one): Cell[] => [
                one.memoryId.slice(0, 8),
                number(one.successCount),
                number(one.successCount + one.failureCount),
                percent(100 * one.successRate),
                one.confidence === undefined ? '' : one.confidence.toFixed(2),
                safeLine(one.solutionType ?? ''),
                safeLine(one.testName),
              ]),
              { width, paint },
            )),
        ...(found.more ? [paint.dim(`the best ${found.rates.length}: --limit ${limit * 5} shows more`)] : []),
      ],
      json: {
        scope: json,
        more: found.more,
        rates: found.rates.map((one) => ({
          memory_id: one.memoryId,
          test_name: one.testName,
          solution_type: one.solutionType,
          confidence: one.confidence,
          success_count: one.successCount,
          failure_count: one.failureCount,
          success_rate: one.successRate,
          matriz_star: one.matrizStar,
        })),
      },
    };
  });
}
