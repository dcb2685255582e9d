// The truth about a real run, recorded through pytest's own hooks (fixtures/README.md), and how results are compared
// with it: paired by node id first, what is left by function, parameters and outcome.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { TestResult } from '../../../src/model.ts';
import { junit } from './reports.ts';

/** One test as pytest itself reported it; absent fields are left out. */
export interface TrueTest {
  readonly nodeid: string;
  readonly file?: string;
  readonly cls?: string;
  readonly function?: string;
  readonly param?: string;
  readonly outcome: string;
  readonly outcome_accept?: readonly string[];
  readonly exc_type?: string;
  readonly type_literal?: boolean;
  readonly line?: number;
  readonly line_literal?: boolean;
  readonly duration?: number;
}

export type Field =
  | 'id'
  | 'file'
  | 'class'
  | 'function'
  | 'outcome'
  | 'type'
  | 'line'
  | 'no line'
  | 'duration';

export interface Mistake {
  readonly field: Field;
  readonly test: TrueTest;
  readonly got: unknown;
}

export interface Comparison {
  /** How many tests were compared in each field. */
  readonly compared: ReadonlyMap<Field, number>;
  readonly mistakes: readonly Mistake[];
  /** True tests without a result. */
  readonly missing: readonly TrueTest[];
  /** Results that are no true test. */
  readonly extra: readonly TestResult[];
}

/** The tests of a run in fixtures/junit; `interrupted` ones have no verdict and are left out. */
export function readTruth(name: string): TrueTest[] | undefined {
  const path = join(junit, `${name}.truth.jsonl.gz`);
  if (!existsSync(path)) return undefined;
  return gunzipSync(readFileSync(path))
    .toString('utf8')
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => JSON.parse(line) as TrueTest & { kind: string })
    .filter((record) => record.kind === 'test' && record.outcome !== 'interrupted');
}

export function compareWithTruth(results: readonly TestResult[], truth: readonly TrueTest[]): Comparison {
  const { pairs, missing, extra } = pair(results, truth);
  const compared = new Map<Field, number>();
  const mistakes: Mistake[] = [];
  const mark = (field: Field, right: boolean, test: TrueTest, got: unknown) => {
    compared.set(field, (compared.get(field) ?? 0) + 1);
    if (!right) mistakes.push({ field, test, got });
  };
  for (const [test, result] of pairs) {
    mark('id', isSame(result.testName, test.nodeid), test, result.testName);
    mark('file', result.testFile === test.file, test, result.testFile);
    mark('class', dotted(result.testClass) === dotted(test.cls), test, result.testClass);
    mark('function', isSame(result.testFunction, test.function), test, result.testFunction);
    const accepted = [test.outcome, ...(test.outcome_accept ?? [])];
    mark('outcome', accepted.includes(result.outcome), test, result.outcome);
    if (test.outcome === 'failed' || test.outcome === 'error') {
      const { errorType, line } = result.failure ?? {};
      if (test.type_literal !== false) mark('type', errorType === test.exc_type, test, errorType);
      if (test.line === undefined) mark('no line', line === undefined, test, line);
      else if (test.line_literal !== false) mark('line', line === test.line, test, line);
    }
    if (result.durationSeconds !== undefined && test.duration !== undefined) {
      const near = Math.abs(result.durationSeconds - test.duration) <= 0.0021;
      mark('duration', near, test, result.durationSeconds);
    }
  }
  return { compared, mistakes, missing, extra };
}

function pair(results: readonly TestResult[], truth: readonly TrueTest[]) {
  const pairs: [TrueTest, TestResult][] = [];
  const unused = new Set(results);
  let unpaired = truth;
  const pairBy = (keysOf: (test: TrueTest) => string[], keyOf: (result: TestResult) => string) => {
    const byKey = new Map<string, TestResult[]>();
    for (const result of unused) {
      const key = keyOf(result);
      byKey.set(key, [...(byKey.get(key) ?? []), result]);
    }
    unpaired = unpaired.filter((test) => {
      for (const key of keysOf(test)) {
        const result = byKey.get(key)?.shift();
        if (result === undefined) continue;
        unused.delete(result);
        pairs.push([test, result]);
        return false;
      }
      return true;
    });
  };
  const trueName = (t: TrueTest) => (t.function ?? '') + (t.param === undefined ? '' : `[${t.param}]`);
  pairBy(
    (t) => writtenForms(t.nodeid),
    (r) => r.testName,
  );
  pairBy(
    (t) => [`${trueName(t)} ${t.outcome}`],
    (r) => `${nameOf(r)} ${r.outcome}`,
  );
  pairBy((t) => [trueName(t)], nameOf);
  return { pairs, missing: unpaired, extra: [...unused] };
}

/** Function and parameters, cut from the node id. */
function nameOf({ testName }: TestResult): string {
  const bracket = testName.indexOf('[');
  const head = bracket < 0 ? testName : testName.slice(0, bracket);
  return head.slice(head.lastIndexOf('::') + (head.includes('::') ? 2 : 1)) + testName.slice(head.length);
}

function isSame(got: string | undefined, want: string | undefined): boolean {
  return got === want || (got !== undefined && want !== undefined && writtenForms(want).includes(got));
}

function dotted(name: string | undefined): string {
  return (name ?? '').replaceAll('::', '.');
}

/** pytest 6.1 to 9.0 escaped every character above U+FFFF as well. */
const escapedByOld = /[^\t\n\r\u0020-\u007e\u0080-\ud7ff\ue000-\ufffd]/gu;
const escapedByNew = /[^\t\n\r\u0020-\u007e\u0080-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu;

/** A text as it is and as pytest writes it into XML: what XML forbids becomes `#x1B`, irreversibly. */
export function writtenForms(text: string): string[] {
  const escaped = (pattern: RegExp) =>
    text.replace(pattern, (character) => {
      const code = character.codePointAt(0) ?? 0;
      return `#x${code
        .toString(16)
        .toUpperCase()
        .padStart(code <= 0xff ? 2 : 4, '0')}`;
    });
  return [text, escaped(escapedByOld), escaped(escapedByNew)];
}
