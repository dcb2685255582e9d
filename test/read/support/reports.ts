// Reports for the reader's tests: real ones from fixtures/junit, and texts or chunks as files that can be read twice.
import { createReadStream, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { createGunzip, gunzipSync } from 'node:zlib';
import type { TestResult, Warning } from '../../../src/model.ts';
import { type Checkout, indexCheckout } from '../../../src/read/checkout.ts';
import { readResults } from '../../../src/read/report/junit.ts';
import { type ReportFile, type Survey, surveyReports } from '../../../src/read/report/survey.ts';

export const fixtures = join(import.meta.dirname, '../../../fixtures');
export const junit = join(fixtures, 'junit');

/** The bytes of a report in fixtures/junit, by its name without ending. */
export function reportBytes(name: string): Buffer {
  return gunzipSync(readFileSync(join(junit, `${name}.xml.gz`)));
}

/** A report in fixtures/junit as the reader takes it. */
export function fixtureReport(name: string): ReportFile {
  const path = join(junit, `${name}.xml.gz`);
  return {
    name: `${name}.xml`,
    bytes: statSync(path).size,
    open: () => createReadStream(path).pipe(createGunzip()),
  };
}

/** A text as a report, read in chunks of the given size. */
export function textReport(
  content: string | Buffer,
  { name = 'results.xml', chunkBytes = 64 * 1024 } = {},
): ReportFile {
  const bytes = Buffer.from(content as string);
  return { name, bytes: bytes.length, open: () => chunksOf(bytes, chunkBytes) };
}

/** A report that is made while it is read, chunk by chunk; every reading makes it anew. */
export function generatedReport(chunks: () => Iterable<string>, name = 'generated.xml'): ReportFile {
  return {
    name,
    bytes: 0,
    open: async function* () {
      for (const chunk of chunks()) yield Buffer.from(chunk);
    },
  };
}

export async function* chunksOf(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

export interface Read {
  readonly results: TestResult[];
  readonly warnings: Warning[];
  readonly survey: Survey;
  /** Tests that could not be read. */
  readonly lost: number;
}

/** Both passes over the reports, as ingest() makes them. */
export async function readReports(
  files: readonly ReportFile[],
  options: {
    readonly allowIncomplete?: boolean;
    readonly checkout?: (survey: Survey) => Checkout | undefined;
    readonly capturedLines?: number;
  } = {},
): Promise<Read> {
  const survey = await surveyReports(files, { allowIncomplete: options.allowIncomplete ?? false });
  const results: TestResult[] = [];
  const warnings: Warning[] = [];
  let lost = 0;
  const reading = readResults(files, {
    survey,
    checkout: options.checkout?.(survey),
    capturedLines: options.capturedLines,
    onWarning: (warning) => warnings.push(warning),
    onLost: (tests) => {
      lost = tests;
    },
  });
  for await (const some of reading) results.push(...some);
  return { results, warnings, survey, lost };
}

export function readText(content: string | Buffer, options?: Parameters<typeof readReports>[1]) {
  return readReports([textReport(content)], options);
}

/** The files below a folder as a checkout; `root` is what its own path is said to be. */
export function checkoutOf(folder: string, root = folder): (survey: Survey) => Checkout {
  const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((path) => path.replaceAll('\\', '/'))
    .filter((path) => statSync(join(folder, path)).isFile());
  const readText = (path: string) => readFileSync(join(folder, path), 'utf8');
  return (survey) => indexCheckout({ root, paths, readText }, survey.classnames, undefined);
}

/** Testcases inside the elements that pytest writes around them. */
export function wrap(testcases: string, suiteAttributes = 'name="pytest"'): string {
  return `<?xml version="1.0" encoding="utf-8"?><testsuites><testsuite ${suiteAttributes}>${testcases}</testsuite></testsuites>`;
}

export function escapeText(text: string): string {
  return text.replace(/[&<>]/g, (c) => (c === '&' ? '&amp;' : c === '<' ? '&lt;' : '&gt;'));
}

export function escapeAttribute(text: string): string {
  return escapeText(text).replaceAll('"', '&quot;').replaceAll('\n', '&#10;').replaceAll('\t', '&#09;');
}

/** Frees what nothing refers to any more, so that memory can be measured. */
export function garbageCollector(): () => void {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as () => void;
}
