// The use case's half that learns: what came of the memories that were told, decided anew with each upload that can tell. Joins
// store and judge, which do not know each other.
import { isMemoryNoBetter } from './judge/confidence.ts';
import { changeRuns, learn, toldMatches } from './judge/episodes.ts';
import { functionOf, indexChains, namesOfTest } from './judge/renames.ts';
import type { HistoryQuery, JudgedRuns, Judgement } from './judging.ts';
import type { RunHistory } from './model.ts';
import type { Database } from './store/database/port.ts';
import {
  addMatches,
  giveCredits,
  inTurn,
  isFollowed,
  type MemoryCounts,
  readMatched,
} from './store/healix/credits.ts';
import { hasRenames, readNameChains } from './store/history/aliases.ts';
import { readNamedRows } from './store/history/evidence.ts';
import { type Access, inTeam } from './store/schema/access.ts';

/**
 * Learns from a run that was stored and judged. Two transactions: which memories were told is there for everybody before the
 * first looks what became of it, so that of two uploads at one moment at least the later one sees both. What is interrupted
 * between is done by the next upload of the branch, or by the same one again.
 *
 * @returns the history with the memories' counts as they are now
 */
export async function learnFrom(
  db: Database,
  access: Access,
  query: HistoryQuery,
  { history, judged, isMatched, memories, readAgain }: Judgement,
): Promise<RunHistory> {
  if (changeRuns(judged) === undefined) return history;
  const told =
    memories?.own === true
      ? { ...toldMatches(judged, history.failures), isAllOwn: !memories.shared }
      : undefined;
  const isTold = told !== undefined && told.shown.length + told.untaught.length > 0;
  const added = isTold ? await inTeam(db, access, () => addMatches(db, access, query, told)) : 0;
  if (!isMatched) {
    // Told for the first time, and nothing came after it yet: there is nothing to decide.
    const branch = judged.facts.run.branch ?? '';
    if (added === 0 || !(await inTeam(db, access, () => isFollowed(db, access, { ...query, branch }))))
      return history;
  }
  const counts = await inTurn(db, access, async () => decide(db, access, query, await readAgain()));
  return withCounts(history, counts);
}

async function decide(
  db: Database,
  access: Access,
  query: HistoryQuery,
  { judged, evidence }: JudgedRuns,
): Promise<readonly MemoryCounts[]> {
  const change = changeRuns(judged);
  if (change === undefined) return [];
  // Sent together. Mostly nothing was renamed: to look for names costs as much as the rest.
  const [matches, isRenamed] = await Promise.all([
    readMatched(db, access, { createdAt: query.createdAt, runIds: change.ids }),
    hasRenames(db, access, query),
  ]);
  const ofChange = new Set(change.ids);
  const own = matches.filter(({ runId }) => ofChange.has(runId));
  const toldIn = new Set(own.map(({ runId }) => runId));
  const lines = new Set(change.own.filter(({ runId }) => toldIn.has(runId)).map(({ lineId }) => lineId));
  const asked = new Set(
    [...change.own, ...change.base].filter(({ lineId }) => lines.has(lineId)).map(({ runId }) => runId),
  );
  const runs = [evidence.run, ...evidence.runs].filter(({ runId }) => asked.has(runId));
  const told = [...new Set(own.map(({ testName }) => testName))];
  const chains = isRenamed
    ? await readNameChains(db, access, query, {
        functions: [...new Set(told.map(functionOf))],
        // Runs that began later may be there already.
        until: new Date(Math.max(query.createdAt.getTime(), ...runs.map(({ at }) => at))),
      })
    : [];
  const index = indexChains(chains);
  const rows = await readNamedRows(db, access, query, {
    names: [...new Set(told.flatMap((name) => namesOfTest(name, index)))],
    runs,
  });
  const learned = learn({ change, order: judged.order, rows, chains, matches });
  if (learned.matches.length === 0) return [];
  return giveCredits(db, access, learned);
}

function withCounts(history: RunHistory, counts: readonly MemoryCounts[]): RunHistory {
  if (counts.length === 0) return history;
  const byId = new Map(counts.map((count) => [count.memoryId, count]));
  return {
    ...history,
    failures: history.failures.map((failure) => {
      const count = failure.match && byId.get(failure.match.memory.id);
      if (failure.match === undefined || count === undefined) return failure;
      const { confidence, worked, failed } = count;
      const memory = { ...failure.match.memory, confidence, successCount: worked, failureCount: failed };
      const isNoBetterThanWaiting = isMemoryNoBetter(memory);
      return { ...failure, match: { ...failure.match, memory: { ...memory, isNoBetterThanWaiting } } };
    }),
  };
}
