// How well failures of one run are grouped by cause: B-cubed precision, recall and F against the truth, made by running each
// fault alone (scripts/make-causes.py), and on the corpus' broken suites, whose breakers name themselves in the message.
import { createReadStream, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { createGunzip, gunzipSync } from 'node:zlib';
import { type CauseFacts, groupByCause } from '../src/judge/causes.ts';
import { readResults } from '../src/read/report/junit.ts';
import { type ReportFile, surveyReports } from '../src/read/report/survey.ts';
import { signResults } from '../src/sign/signature.ts';

/** A failure, and its words for the truth. */
type Fact = CauseFacts & { readonly message: string | undefined };

/** The failures of a report, for `groupByCause`. */
export async function readCauseFacts(path: string): Promise<Fact[]> {
  const file: ReportFile = {
    name: path,
    bytes: statSync(path).size,
    open: () => (path.endsWith('.gz') ? createReadStream(path).pipe(createGunzip()) : createReadStream(path)),
  };
  const survey = await surveyReports([file], { allowIncomplete: false });
  const failures: Fact[] = [];
  for await (const results of readResults([file], { survey, checkout: undefined, onWarning: () => {} })) {
    for (const { testName, failure, causeKey } of signResults(results))
      if (failure !== undefined) failures.push({ testName, causeKey, message: failure.message });
  }
  return failures;
}

/** Amigó et al. 2009: each item's precision and recall of its own group, and their means. */
export function bCubed(groups: readonly (readonly string[])[], truth: ReadonlyMap<string, string>) {
  const sizes = new Map<string, number>();
  for (const cause of truth.values()) sizes.set(cause, (sizes.get(cause) ?? 0) + 1);
  let [precision, recall, items] = [0, 0, 0];
  for (const group of groups) {
    const counts = new Map<string, number>();
    for (const item of group) {
      const cause = truth.get(item) ?? item;
      counts.set(cause, (counts.get(cause) ?? 0) + 1);
    }
    for (const [cause, count] of counts) {
      precision += (count * count) / group.length;
      recall += (count * count) / (sizes.get(cause) ?? 1);
      items += count;
    }
  }
  return {
    precision: precision / items,
    recall: recall / items,
    f: (2 * precision * recall) / (items * (precision + recall)),
  };
}

/** `tests/test_a.py::test_b` as the report's `classname.name`. */
const addressOf = (testName: string) =>
  testName
    .replace(/\.py(?=::|$)/, '')
    .replace('::', '.')
    .replace(/^[^[]*/, (path) => path.replaceAll('/', '.'));

export async function judgeCauses(corpus: string): Promise<void> {
  console.log('\ncauses: failures of one run grouped (B-cubed F at least 0.95)');
  const made = new URL('../fixtures/healix/causes/', import.meta.url);
  const truth = new Map(
    Object.entries(JSON.parse(readFileSync(new URL('truth.json', made), 'utf8')) as Record<string, string>),
  );
  for (const style of ['auto', 'short', 'native']) {
    const facts = await readCauseFacts(new URL(`${style}.xml.gz`, made).pathname);
    tell(`synthetic suite, --tb=${style}`, facts, (fact) => truth.get(addressOf(fact.testName)) ?? 'none');
  }
  const alone = JSON.parse(
    gunzipSync(readFileSync(new URL('corpus-truth.json.gz', made))).toString(),
  ) as Record<string, Record<string, string[]>>;
  for (const [run, suite] of [
    ['numpy-broken-xunit2', 'numpy-broken-xunit2'],
    ['numpy-broken-xunit1-short', 'numpy-broken-xunit2'],
    ['sympy-broken-xunit2-cov', 'sympy-broken-xunit2-cov'],
    ['sympy-broken-native-xdist', 'sympy-broken-xunit2-cov'],
  ] as const) {
    const facts = await readCauseFacts(join(corpus, 'runs', `${run}.xml.gz`));
    tell(run, facts, (fact) => faultOf(fact, alone[suite] ?? {}));
  }
  tell(
    'astropy-broken-xunit2 *',
    await readCauseFacts(join(corpus, 'runs', 'astropy-broken-xunit2.xml.gz')),
    breakerOf,
  );
  console.log('  * truth from the messages alone: a failure that names no fault counts as its own cause');
  const [first] = await Promise.all([readCauseFacts(new URL('auto.xml.gz', made).pathname)]);
  const many = Array.from({ length: 5000 }, (_, i) => ({
    ...(first[i % first.length] as Fact),
    testName: `t${i}`,
  }));
  const times = Array.from({ length: 9 }, () => {
    const started = performance.now();
    groupByCause(many);
    return performance.now() - started;
  }).sort((a, b) => a - b);
  console.log(`  5,000 failures: ${times[4]?.toFixed(1)} ms (at most 50 ms)`);
}

/**
 * The fault that alone makes the test fail, made by running the suite with each fault; where several do, the one that the message
 * names. A failure whose text names no place outside of its test is its own cause.
 */
function faultOf(
  { testName, message = '', causeKey }: Fact,
  alone: Readonly<Record<string, readonly string[]>>,
): string {
  const faults = (alone[testName] ?? []).map((fault) => fault.split('.').at(-1) ?? fault);
  if (causeKey === undefined) return testName;
  // Tests that this version of the suite does not have.
  if (faults.length === 0) return breakerOf({ testName, causeKey, message });
  return faults.find((fault) => message.includes(fault)) ?? faults[0] ?? testName;
}

/** The function that a breaker of the corpus took, which its message names; a failure that names none is its own cause. */
function breakerOf({ testName, message = '' }: Fact): string {
  return (
    /(\w+)(?:: |'? is )switched off|(binomial) refuses/
      .exec(message)
      ?.slice(1)
      .find((name) => name !== undefined) ??
    /KeyError: '(histogram)'/.exec(message)?.[1] ??
    testName
  );
}

function tell(name: string, facts: readonly Fact[], truthOf: (fact: Fact) => string): void {
  const truth = new Map(facts.map((fact, i) => [`${i}`, truthOf(fact)]));
  const places = new Map(facts.map((fact, i) => [fact, `${i}`]));
  const groups = groupByCause(facts);
  const { precision, recall, f } = bCubed(
    groups.map((group) => group.failures.map((fact) => places.get(fact) ?? '')),
    truth,
  );
  console.log(
    `  ${name.padEnd(34)} ${String(facts.length).padStart(5)} failures, ${String(new Set(truth.values()).size).padStart(4)} causes, ${String(groups.length).padStart(4)} groups: precision ${precision.toFixed(3)}, recall ${recall.toFixed(3)}, F ${f.toFixed(3)}`,
  );
}
