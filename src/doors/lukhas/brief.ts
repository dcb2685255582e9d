// `lukhas brief`: a run for programs that mend code; `lukhas mcp` answers with the same.
import { judgeListed } from '../../asking.ts';
import { readStoredFailure } from '../../read/report/junit.ts';
import { findRun, readFailures } from '../../store/questions/runs.ts';
import { type Brief, briefJson, renderBrief } from '../../tell/brief.ts';
import type { Terminal } from '../../tell/terminal/terminal.ts';
import type { ExitCode } from '../process.ts';
import { type Asked, type AskSettings, answerAbout } from './asking.ts';

export function brief(
  { run = 'last', limit = 200, ...settings }: AskSettings & { readonly run: string | undefined },
  terminal: Terminal,
): Promise<ExitCode> {
  return answerAbout(settings, terminal, { isBare: true }, async ({ db, access, scope, checkout }) => {
    const told = await readBrief({ db, access, scope, checkout }, run, limit);
    return { lines: [renderBrief(told)], json: briefJson(told) };
  });
}

/** A run and its failures, judged. */
export async function readBrief(
  { db, access, scope, checkout }: Pick<Asked, 'db' | 'access' | 'scope' | 'checkout'>,
  run: string,
  limit: number,
): Promise<Brief> {
  const found = await findRun(db, access, scope, run);
  const history = await judgeListed(db, access, found, checkout);
  const stored = await readFailures(db, access, found, limit);
  const verdicts = new Map(history.failures.map((failure) => [failure.number, failure]));
  return {
    runId: found.runId,
    gitSha: found.gitSha,
    tests: found.totals.total,
    failed: found.totals.failed + found.totals.errors,
    skipped: found.totals.skipped,
    isIncomplete: found.isIncomplete,
    history,
    project: found.project,
    hideSolutions: found.origin === 'stranger',
    failures: stored.items.map((item) => {
      const { errorType, message, line, lastFrameLine, statement, place } = readStoredFailure(item);
      return {
        ...item,
        errorType,
        message,
        file: place?.file ?? item.testFile,
        line: place?.line ?? line ?? lastFrameLine,
        statement: place?.statement ?? statement,
        verdict: verdicts.get(item.number),
      };
    }),
  };
}
