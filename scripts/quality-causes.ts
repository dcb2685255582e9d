// How well failures of one run are grouped by cause: B-cubed precision, recall and F against the truth, made by running each
// fault alone (scripts/make-causes.py, scripts/make-corpus-truth.py). Failures of one fault are one group of the truth where their
// texts name a line of code in common, outside of the tests' own functions; no text can tell more.
import { createReadStream, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { createGunzip, gunzipSync } from 'node:zlib';
import { type CauseFacts, groupByCause } from '../src/judge/causes.ts';
import { groupBy } from '../src/judge/group.ts';
import { installedFrame, readFailureText } from '../src/read/report/failure-text.ts';
import { readResults } from '../src/read/report/junit.ts';
import { type ReportFile, surveyReports } from '../src/read/report/survey.ts';
import { signResults } from '../src/sign/signature.ts';

/** A failure, and what its text tells for the truth. */
interface Fact extends CauseFacts {
  readonly message: string;
  readonly text: string;
  /** `tests/helpers.py:9`: all lines that it names, also those of the exceptions before, without the test's own function. */
  readonly places: readonly string[];
}

const chainSeparator = /^(?:The above exception was|During handling of the above).*$/m;

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
    for (const { testName, testFile, testFunction, failure, causeKey } of signResults(results)) {
      if (failure === undefined) continue;
      const { traceback = '', message = '' } = failure;
      const places = traceback.split(chainSeparator).flatMap((part) => {
        const { locations } = readFailureText(part, undefined);
        const own = locations.findIndex(({ path }) => testFile !== undefined && path.endsWith(testFile));
        return locations
          .filter(
            ({ path, function: name }, at) =>
              at !== own && name !== testFunction && !installedFrame.test(path),
          )
          .map(({ path, line }) => `${path}:${line}`);
      });
      failures.push({
        testName,
        causeKey,
        message,
        text: `${message}\n${traceback}`,
        places: [...new Set(places)],
      });
    }
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
    tell(
      `synthetic suite, --tb=${style}`,
      facts,
      new Map(facts.map((fact) => [fact, truth.get(addressOf(fact.testName)) ?? 'none'])),
    );
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
    const fault = (fact: Fact) => faultOf(fact, alone[suite] ?? {});
    const told = truthOf(facts, fault);
    tell(run, facts, told);
    // Without regard to what the texts can tell: a fault's failures are one group, whatever they say.
    const faults = new Map(facts.map((fact, i) => [`${i}`, fault(fact)]));
    const [own, ideal] = [
      groupByCause(facts).map(({ failures }) => failures),
      [...groupBy(facts, (fact) => told.get(fact)).values()],
    ].map(
      (groups) =>
        bCubed(
          groups.map((group) => group.map((fact) => `${facts.indexOf(fact)}`)),
          faults,
        ).f,
    );
    console.log(
      `    by fault, whatever the texts name: F ${own?.toFixed(3)}; a rule that joins all that name a common line: ${ideal?.toFixed(3)}`,
    );
    tellApart(facts, fault, told);
  }
  const astropy = await readCauseFacts(join(corpus, 'runs', 'astropy-broken-xunit2.xml.gz'));
  tell(
    'astropy-broken-xunit2 *',
    astropy,
    truthOf(astropy, ({ text, testName }) => breakerOf(text) ?? testName),
  );
  console.log('  * truth from the texts alone: a failure that names no fault counts as its own cause');
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
 * The fault that alone makes the test fail with the same error; where several do, the one that the message names. Failures of one
 * fault whose texts name no common line are several causes.
 */
export function truthOf(facts: readonly Fact[], faultOf: (fact: Fact) => string): ReadonlyMap<Fact, string> {
  const parents = new Map<string, string>();
  const root = (key: string): string => {
    const parent = parents.get(key) ?? key;
    return parent === key ? key : root(parent);
  };
  const ids = new Map(facts.map((fact, i) => [fact, `#${i}`]));
  for (const [fact, id] of ids) {
    const fault = faultOf(fact);
    for (const place of fact.places) parents.set(root(`${fault} ${place}`), root(id));
  }
  return new Map([...ids].map(([fact, id]) => [fact, root(id)]));
}

export function faultOf(
  { testName, message, text }: Fact,
  alone: Readonly<Record<string, readonly string[]>>,
): string {
  const faults = (alone[testName] ?? []).map((fault) => fault.split('.').at(-1) ?? fault);
  // Tests that this version of the suite does not have.
  if (faults.length === 0) return breakerOf(text) ?? testName;
  return faults.find((fault) => message.includes(fault)) ?? faults[0] ?? testName;
}

/** The function that a breaker of the corpus took, which the text names. */
export function breakerOf(text: string): string | undefined {
  return (
    /(\w{2,})(?:: |'? is )switched off|(binomial) refuses/
      .exec(text)
      ?.slice(1)
      .find((name) => name !== undefined) ?? /KeyError: '(histogram)'/.exec(text)?.[1]
  );
}

/** Of the failures that are not in their fault's largest group: why no text could put them there, or that the rule missed them. */
function tellApart(
  facts: readonly Fact[],
  faultOf: (fact: Fact) => string,
  told: ReadonlyMap<Fact, string>,
): void {
  const groupOf = new Map(
    groupByCause(facts).flatMap(({ key, failures }) => failures.map((fact) => [fact, key] as const)),
  );
  const counts = { apart: 0, noLine: 0, noCommonLine: 0, missed: 0 };
  for (const failures of groupBy(facts, faultOf).values()) {
    const groups = [...groupBy(failures, (fact) => groupOf.get(fact)).values()];
    const largest = groups.reduce((a, b) => (b.length > a.length ? b : a));
    const causes = new Set(largest.map((fact) => told.get(fact)));
    for (const fact of failures) {
      if (largest.includes(fact)) continue;
      counts.apart++;
      if (fact.places.length === 0) counts.noLine++;
      else if (!causes.has(told.get(fact))) counts.noCommonLine++;
      else counts.missed++;
    }
  }
  console.log(
    `    ${counts.apart} not in their fault's largest group: ${counts.noLine} name no line outside of their own function, ${counts.noCommonLine} none in common with that group, ${counts.missed} could have been joined`,
  );
}

function tell(name: string, facts: readonly Fact[], causeOf: ReadonlyMap<Fact, string>): void {
  const truth = new Map(facts.map((fact, i) => [`${i}`, causeOf.get(fact) ?? '']));
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
