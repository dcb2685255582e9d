// What the step reads and keeps: the reports that there are, or that there were none. Knows nothing of the surfaces.
import { hostname } from 'node:os';
import { type InputError, type ReportError, StoreError } from '../../errors.ts';
import { ingest, type Surroundings, type Verdict } from '../../ingest.ts';
import type { RunContext, Warning } from '../../model.ts';
import { findFiles, openReport } from '../../read/files.ts';
import type { Settings } from '../../settings.ts';
import type { Connect } from '../../store/database/port.ts';
import type { SavedMissing } from '../../store/runs/missing.ts';
import { placed } from '../../tell/words.ts';
import type { TeamOpening } from '../surroundings.ts';
import { noReport } from './comment-part.ts';
import { asInputs } from './inputs.ts';
import { log, warn } from './log.ts';

export interface ReadReports {
  readonly verdict: Verdict;
  /** The reports' names. */
  readonly reports: readonly string[];
  /** What was found beside them. */
  readonly warnings: readonly Warning[];
}

/**
 * Finds, reads and stores the reports.
 *
 * @throws InputError, ReportError where there is no report that could be read
 */
export async function readAndStore(
  settings: Settings,
  edges: {
    readonly workingDirectory: string;
    readonly surroundings: Surroundings;
    /** undefined: nothing is stored. */
    readonly opening: TeamOpening | undefined;
  },
): Promise<ReadReports> {
  const { workingDirectory, opening } = edges;
  const { paths, problems, ...found } = await findFiles(settings.reports, {
    workingDirectory,
    what: 'report',
    extension: '.xml',
  });
  const [problem] = problems;
  if (problem !== undefined && paths.length === 0) {
    for (const warning of found.warnings) warn(warning);
    throw problem;
  }
  const reports = await Promise.all(paths.map((path) => openReport(path, workingDirectory)));
  const coverage = await findFiles(settings.coverage, {
    workingDirectory,
    what: 'coverage report',
    extension: '.json',
  });
  const cancelled = new AbortController();
  const cancel = () => cancelled.abort();
  process.once('SIGINT', cancel).once('SIGTERM', cancel);
  const verdict = await ingest(settings, {
    now: new Date(),
    hostname: hostname(),
    workingDirectory,
    reports,
    problems,
    coverage,
    naming: asInputs,
    surroundings: Promise.resolve(edges.surroundings),
    connect: opening?.connect,
    takeTeam: opening?.take,
    signal: cancelled.signal,
    onRetry: (reason) => log(`${reason}; trying again`),
  }).catch((error: unknown) => {
    for (const warning of [...found.warnings, ...coverage.warnings]) warn(warning);
    throw error;
  });
  process.off('SIGINT', cancel).off('SIGTERM', cancel);
  return {
    verdict,
    reports: reports.map((report) => report.name),
    warnings: [...found.warnings, ...coverage.warnings],
  };
}

/** Why there are no results, in one sentence. */
export function reasonOf(error: InputError | ReportError): string {
  if (error.code === 'no-match') return `${noReport}${error.message.replace(/^no report /, 'nothing ')}`;
  return `no results: ${placed({ ...error.place, code: error.code, message: error.message })}`;
}

/** Keeps in the database that there were no results, so that the commit's other jobs tell it as well. */
export async function storeMissing(
  settings: Settings,
  { connect, context, reason }: { connect: Connect | undefined; context: RunContext; reason: string },
): Promise<{ saved: SavedMissing | undefined; notStored: string }> {
  if (connect === undefined) return { saved: undefined, notStored: 'Not stored: no database-url was given.' };
  try {
    const { saveMissing } = await import('../../store/runs/missing.ts');
    const { team: teamSlug, uploadKey: discriminator } = settings;
    return { saved: await saveMissing(connect, { teamSlug, context, discriminator, reason }), notStored: '' };
  } catch (error) {
    const why = error instanceof StoreError ? error.message : 'an internal error';
    warn({ code: 'not-stored', message: `that there are no results was NOT stored: ${why}` });
    return { saved: undefined, notStored: `NOT stored: ${why}` };
  }
}
