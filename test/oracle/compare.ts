// Reads reports with the reader of today and with the one kept as oracle, and tells every field in which they differ.
import { isDeepStrictEqual } from 'node:util';
import type { SignedResult, Warning } from '../../src/model.ts';
import type { Checkout } from '../../src/read/checkout.ts';
import { readResults } from '../../src/read/report/junit.ts';
import { countMissing, type ReportFile, type Survey, surveyReports } from '../../src/read/report/survey.ts';
import { signResults } from '../../src/sign/signature.ts';
import * as oracle from './reader.mjs';

interface Reader {
  readonly surveyReports: typeof surveyReports;
  readonly readResults: typeof readResults;
  readonly signResults: typeof signResults;
}

const today: Reader = { surveyReports, readResults, signResults };

export interface CompareOptions {
  readonly allowIncomplete?: boolean;
  readonly checkout?: ((survey: Survey) => Checkout | undefined) | undefined;
}

/** Both passes and the signatures, by both readers: what differs, in words, and how many tests were compared. */
export async function compareReaders(
  files: readonly ReportFile[],
  options: CompareOptions = {},
): Promise<{ readonly tests: number; readonly differences: readonly string[] }> {
  const [before, after] = [await readAll(oracle, files, options), await readAll(today, files, options)];
  const differences: string[] = [];
  // Behind what is left of a damaged test more is found since then.
  if (!after.warnings.some(({ code }) => code === 'stray-element')) differing('', before, after, differences);
  return { tests: before.results?.length ?? 0, differences };
}

interface Everything {
  error?: Record<string, unknown>;
  survey?: Survey;
  results?: SignedResult[];
  warnings: Warning[];
  lost?: number;
  /** Bytes told of in both passes. */
  progress: number[];
}

async function readAll(
  reader: Reader,
  files: readonly ReportFile[],
  { allowIncomplete = false, checkout }: CompareOptions,
): Promise<Everything> {
  const found: Everything = { warnings: [], progress: [] };
  let last = 0;
  const onProgress = (bytes: number) => {
    last = bytes;
  };
  try {
    const survey = await reader.surveyReports(files, { allowIncomplete, onProgress });
    found.survey = reader === today ? asBefore(survey) : survey;
    found.progress.push(last);
    const results: SignedResult[] = [];
    found.results = results;
    const reading = reader.readResults(survey.files, {
      survey,
      checkout: checkout?.(survey),
      onWarning: (warning) => {
        if (!toldSince.has(warning.code)) found.warnings.push(warning);
      },
      onLost: (tests) => {
        found.lost = reader === today ? tests - countMissing(survey) : tests;
      },
      onProgress,
    });
    for await (const some of reading) for (const result of reader.signResults(some)) results.push(result);
    found.progress.push(last);
  } catch (error) {
    found.error = errorOf(error);
  }
  return found;
}

/** Warnings that the oracle did not have. */
const toldSince = new Set(['tests-missing']);

/** Without what is found since then. */
function asBefore(survey: Survey): Survey {
  const { hollow: _, strays: __, empty, ...rest } = survey;
  return { ...rest, empty: empty.map(({ file }) => file) } as unknown as Survey;
}

/** The oracle has error classes of its own. */
function errorOf(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { thrown: error };
  return { ...error, name: error.constructor.name, message: error.message };
}

const mostTold = 20;

function differing(where: string, before: unknown, after: unknown, into: string[]): void {
  if (into.length >= mostTold || isDeepStrictEqual(before, after)) return;
  if (before instanceof Error && after instanceof Error) {
    differing(where, errorOf(before), errorOf(after), into);
  } else if (before instanceof Map && after instanceof Map) {
    differing(where, [...before], [...after], into);
  } else if (before instanceof Set && after instanceof Set) {
    differing(where, [...before], [...after], into);
  } else if (isRecord(before) && isRecord(after)) {
    for (const key of new Set([...Object.keys(before), ...Object.keys(after)]))
      differing(`${where}.${key}`, before[key], after[key], into);
  } else if (!(typeof before === 'function' && typeof after === 'function')) {
    into.push(`${where}: ${shown(before)} became ${shown(after)}`);
  }
}

/** A field without a value is no difference to one that is not there. */
function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !(value instanceof Map) && !(value instanceof Set);
}

function shown(value: unknown): string {
  return (JSON.stringify(value) ?? String(value)).slice(0, 200);
}
