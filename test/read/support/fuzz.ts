// Real reports, damaged: whatever becomes of them, reading ends soon, with results or with an error a person can act on,
// and no testcase is lost without a word.
import { join } from 'node:path';
import { InputError, ReportError } from '../../../src/errors.ts';
import type { ReportFile } from '../../../src/read/report/survey.ts';
import { checkoutOf, fixtures, type Read, readReports, reportBytes, textReport } from './reports.ts';

export interface FuzzFigures {
  readonly inputs: number;
  readonly read: number;
  readonly refused: ReadonlyMap<string, number>;
  readonly results: number;
  readonly malformed: number;
  readonly interrupted: number;
  readonly foldedTeardowns: number;
  readonly slowest: { readonly milliseconds: number; readonly input: string };
  /** What must not be: each with the seed and number that make it again. */
  readonly violations: readonly string[];
}

export const bases = [
  'zoo-xunit2-malformed',
  'zoo-xunit2-collect-errors-xdist',
  'zoo-xunit2-worker-crash-xdist',
  'zoo-xunit1-keyboard-interrupt',
  'zoo-xunit2-pytest-exit',
  'zoo-xunit2-reruns',
  'zoo-xunit2-no-tests',
  'twins-xunit1',
  'zoo-xunit2-auto',
  'zoo-xunit2-short-xdist',
  'zoo-xunit1-showlocals',
  'zoo-xunit2-line',
  'zoo-default-pytest54',
];

const hostile = [
  '<', '>', '&', '"', "'", '/>', '<!--', '-->', '<![CDATA[', ']]>', '<?', '?>', '</testcase>', '<testcase', '<testcase ',
  '<testcase/>', '</testsuite>', '<testsuite>', '</testsuites>', '<properties>', '</properties>', '<failure message="',
  '<error message="failed on teardown with &quot;x&quot;"/>', '<!DOCTYPE x [<!ENTITY a "b">]>', '&#0;', '&#xD800;', '&#x110000;',
  '&unknown;', '&amp', '\0', '\uffff', '\ufeff', '\u2028', ' __proto__="x"', ' constructor="y"', '<constructor/>', '<toString/>',
  ' classname="a"', ' name="[', ` classname="${'a.'.repeat(3000)}b"`, ` name="${'>'.repeat(3000)}"`, `${'\n'.repeat(5000)}`,
  `${'a/b.py:1\n'.repeat(500)}`, `${'E   \n'.repeat(500)}`, `${'<a>'.repeat(200)}`, `${'&amp;'.repeat(2000)}`, '\r', '\r\n', '\t', ' ',
  '  + Exception Group Traceback (most recent call last):\n', 'Traceback (most recent call last):\n', 'file a, line 1\n',
].map((text) => Buffer.from(text)); // biome-ignore format: a list to be skimmed

/** A small generator that gives the same numbers for the same seed (mulberry32). */
export function randomOf(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

/** Damages it in one to four places. */
export function mutate(base: Buffer, random: (below: number) => number): Buffer {
  let bytes = base;
  for (let times = 1 + random(4); times > 0; times--) {
    const at = random(bytes.length + 1);
    const length = Math.min(random(random(2) === 0 ? 20 : 3000), bytes.length - at);
    const part = bytes.subarray(at, at + length);
    switch (random(7)) {
      case 0: {
        bytes = Buffer.from(bytes);
        for (let flips = 1 + random(5); flips > 0 && bytes.length > 0; flips--) {
          bytes[random(bytes.length)] = random(4) === 0 ? random(256) : 0x20 + random(95);
        }
        break;
      }
      case 1:
        bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + length)]);
        break;
      case 2:
        bytes = Buffer.concat([bytes.subarray(0, at), part, bytes.subarray(at)]);
        break;
      case 3: {
        const to = random(bytes.length + 1);
        bytes = Buffer.concat([bytes.subarray(0, to), part, bytes.subarray(to)]);
        break;
      }
      case 4:
        if (random(4) === 0) bytes = bytes.subarray(0, at);
        break;
      default:
        bytes = Buffer.concat([
          bytes.subarray(0, at),
          hostile[random(hostile.length)] ?? Buffer.alloc(0),
          bytes.subarray(at),
        ]);
    }
  }
  return bytes;
}

/** How many testcases a reading accounts for. */
function accountFor({ results, warnings }: Read) {
  const numberIn = (code: string) => {
    const found = warnings.filter((warning) => warning.code === code);
    const total = found
      .map((warning) => /^(\d+) tests? w/.exec(warning.message)?.[1])
      .find((n) => n !== undefined);
    return total === undefined ? found.length : Number(total);
  };
  const foldedTeardowns = results.filter((result) =>
    result.failure?.traceback?.includes(' teardown failed as well '),
  ).length;
  const earlierAttempts = results.reduce((sum, result) => sum + (result.attempts ?? 1) - 1, 0);
  return {
    malformed: numberIn('malformed-testcase'),
    interrupted: numberIn('interrupted'),
    foldedTeardowns,
    earlierAttempts,
  };
}

let contents: readonly Buffer[] | undefined;
const checkout = checkoutOf(join(fixtures, 'zoo'), '/home/runner/work/zoo/zoo');

/** A damaged report and how to read it; the same seed and number give the same. */
export function damaged(
  seed: number,
  n: number,
): { readonly report: ReportFile; readonly options: NonNullable<Parameters<typeof readReports>[1]> } {
  contents ??= bases.map(reportBytes);
  const random = randomOf(seed * 1_000_003 + n);
  const bytes = mutate(contents[random(contents.length)] ?? Buffer.alloc(0), random);
  // An element that never ends is looked at again with every chunk.
  const chunkBytes = [bytes.length < 20_000 ? 7 : 1000, 5000, 64 * 1024][random(3)] ?? 1000;
  const allowIncomplete = random(3) > 0;
  return {
    report: textReport(bytes, { chunkBytes }),
    options: { allowIncomplete, ...(random(2) === 0 ? { checkout } : {}) },
  };
}

/** Damages reports `inputs` times and reads each; the same seed and number give the same input. */
export async function fuzzReader({
  inputs,
  seed,
  first = 0,
  onProgress = () => {},
}: {
  readonly inputs: number;
  readonly seed: number;
  readonly first?: number;
  readonly onProgress?: (done: number) => void;
}): Promise<FuzzFigures> {
  const refused = new Map<string, number>();
  const violations: string[] = [];
  let [read, results, malformed, interrupted, foldedTeardowns] = [0, 0, 0, 0, 0];
  let slowest = { milliseconds: 0, input: '' };
  for (let n = first; n < first + inputs; n++) {
    onProgress(n - first);
    const { report, options } = damaged(seed, n);
    const input = `--seed ${seed}, input ${n}`;
    const start = performance.now();
    const processor = process.cpuUsage();
    try {
      const reading = await readReports([report], options);
      const account = accountFor(reading);
      const sum =
        reading.results.length +
        account.malformed +
        account.interrupted +
        account.foldedTeardowns +
        account.earlierAttempts;
      if (sum !== reading.survey.testcases) {
        violations.push(`${input}: ${reading.survey.testcases} testcases, but ${sum} are accounted for`);
      }
      read++;
      results += reading.results.length;
      malformed += account.malformed;
      interrupted += account.interrupted;
      foldedTeardowns += account.foldedTeardowns;
    } catch (error) {
      if (error instanceof ReportError || error instanceof InputError) {
        refused.set(error.code, (refused.get(error.code) ?? 0) + 1);
      } else {
        violations.push(`${input}: ${error instanceof Error ? error.stack : String(error)}`);
      }
    }
    // The processor's time: on a busy machine the clock says how long others took.
    const { user, system } = process.cpuUsage(processor);
    const milliseconds = Math.min(performance.now() - start, (user + system) / 1000);
    if (milliseconds > slowest.milliseconds) slowest = { milliseconds, input };
    if (milliseconds > 2000) violations.push(`${input}: took ${Math.round(milliseconds)} ms`);
  }
  return { inputs, read, refused, results, malformed, interrupted, foldedTeardowns, slowest, violations };
}
