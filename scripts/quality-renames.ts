// How well renamed tests are followed: on commits of public histories (fixtures/healix/renames.json.gz: names of tests before and
// after, and which of them have the same body), and on 500 renames made in the corpus' suites.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { followRenames, type RenameFacts } from '../src/judge/renames.ts';

/** Functions of each file, in order. */
type Suite = Readonly<Record<string, readonly string[]>>;
type Pair = readonly [from: string, to: string];

/** A commit of a public history in which tests were renamed: made by scripts/make-renames.py and make-renames.ts. */
export interface RenameCommit {
  readonly commit: string;
  readonly before: Suite;
  readonly after: Suite;
  /** Files that git found moved. */
  readonly moved: readonly Pair[];
  /** Tests with another name and nearly the same body (at least 80 % of its lines), or in another place with the same name. */
  readonly renamed: readonly Pair[];
  /** Other pairs of names whose bodies are alike by half, or that a reader took for one test: following them is not wrong. */
  readonly alike: readonly Pair[];
  /** How alike the sources are: place among the functions that are gone, among those that came, 0.3 to 1. */
  readonly likeness: readonly (readonly [gone: number, came: number, likeness: number])[];
  /** Functions whose source is not in these files: of a base class. */
  readonly sourceless: readonly string[];
}

export const namesOf = (suite: Suite): string[] =>
  Object.entries(suite).flatMap(([file, tests]) => tests.map((test) => `${file}::${test}`));
const nameOf = (test: string) => test.slice(test.lastIndexOf('::') + 2);

/** What a clone knows: `git`: both commits; `server`: this one, and GitHub gives the other's sources; `names`: this one alone. */
export type Knows = 'git' | 'server' | 'names';

/** What the judge is given of a commit. */
export function factsOf(commit: RenameCommit, knows: Knows): RenameFacts {
  const [before, after] = [namesOf(commit.before), namesOf(commit.after)];
  const facts = { before, after, failures: { before: new Map(), after: new Map() } };
  if (knows === 'names') return { ...facts, movedFiles: [] };
  const [was, is] = [new Set(before), new Set(after)];
  const gone = before.filter((test) => !is.has(test));
  const came = after.filter((test) => !was.has(test));
  const known = new Set([...gone, ...came]);
  for (const id of commit.sourceless) known.delete(id);
  return {
    ...facts,
    movedFiles: knows === 'git' ? commit.moved : [],
    sources: {
      known,
      pairs: commit.likeness.map(([from, to, likeness]) => ({
        from: gone[from] ?? '',
        to: came[to] ?? '',
        likeness,
      })),
    },
  };
}

/** Reads a fixture of commits. */
export function readCommits(file: URL): RenameCommit[] {
  return JSON.parse(gunzipSync(readFileSync(file)).toString()) as RenameCommit[];
}

/** How many of the renames of some commits are followed, and how many others are. */
export function countRenames(commits: readonly RenameCommit[], knows: Knows) {
  const sum = { right: 0, of: 0, pairs: 0, wrong: 0 };
  const moves = { right: 0, of: 0 };
  for (const commit of commits) {
    const { renamed, alike } = commit;
    const fine = new Set([...renamed, ...alike].map(([from, to]) => `${from} ${to}`));
    const partner = new Map([...renamed, ...renamed.map(([from, to]) => [to, from] as const)]);
    const found = follow(factsOf(commit, knows));
    for (const [from, to] of renamed) {
      const right = found.get(from) === to ? 1 : 0;
      sum.of++;
      sum.right += right;
      if (nameOf(from) !== nameOf(to)) continue;
      moves.of++;
      moves.right += right;
    }
    for (const [from, to] of found) {
      sum.pairs++;
      // A test that the truth gives another partner is followed to the wrong place, however alike both are.
      const isOther = (partner.get(from) ?? to) !== to || (partner.get(to) ?? from) !== from;
      if (isOther || (nameOf(from) !== nameOf(to) && !fine.has(`${from} ${to}`))) sum.wrong++;
    }
  }
  return { ...sum, moves };
}

export function judgeRenames(corpus: string): void {
  console.log('\nrenamed tests (at least 95 % followed, at most 0.5 % wrong)');
  for (const [name, file] of [
    ['public histories', 'renames'],
    ['others, unseen', 'renames-unseen'],
  ]) {
    const commits = readCommits(new URL(`../fixtures/healix/${file}.json.gz`, import.meta.url));
    for (const [knows, clone] of [
      ['git', 'full clone'],
      ['server', 'shallow, GitHub asked'],
      ['names', 'shallow, names alone'],
    ] as const) {
      const sum = countRenames(commits, knows);
      tell(`${name}, ${clone}`, sum);
      console.log(
        `    files, classes and functions moved: ${sum.moves.right} of ${sum.moves.of}; renamed: ${sum.right - sum.moves.right} of ${sum.of - sum.moves.of}`,
      );
    }
  }
  tell('made in the corpus’ suites', makeRenames(corpus));
}

function follow(facts: RenameFacts): Map<string, string> {
  return new Map(followRenames(facts).renamed.map(({ from, to }) => [from, to]));
}

function tell(
  name: string,
  { right, of, pairs, wrong }: { right: number; of: number; pairs: number; wrong: number },
): void {
  console.log(
    `  ${name.padEnd(41)} followed ${right} of ${of} (${((100 * right) / of).toFixed(1)} %), wrong ${wrong} of ${pairs} (${((100 * wrong) / pairs).toFixed(2)} %)`,
  );
}

let seed = 4711;
function random(below: number): number {
  seed = (seed * 1103515245 + 12345) % 2147483648;
  return seed % below;
}

/** Files moved with and without git's word, classes renamed, functions renamed by a word; tests removed and added beside them. */
function makeRenames(corpus: string) {
  const sum = { right: 0, of: 0, pairs: 0, wrong: 0 };
  const suites = readdirSync(join(corpus, 'runs'))
    .filter((entry) =>
      /^(?:zoo-xunit2-auto|numpy-broken-xunit2|sympy-broken-xunit2-cov|astropy-broken-xunit2)\.truth/.test(
        entry,
      ),
    )
    .map((entry) => [...new Set(testsOf(join(corpus, 'runs', entry)))]);
  for (let round = 0; sum.of < 500; round++) {
    const before = suites[round % suites.length] ?? [];
    const files = [...new Set(before.map((test) => test.split('::')[0] ?? ''))];
    const functions = [...new Set(before.map((test) => test.split('[')[0] ?? ''))];
    const moved = files[random(files.length)] ?? '';
    const to = moved.replace(/([^/]+)\.py$/, 'moved/$1.py');
    const renamedClass = functions.filter((test) => test.split('::').length > 2)[random(200)]?.split('::')[1];
    const change = new Map<string, string>();
    const gone = new Set<string>();
    for (let i = 0; i < 6; i++) {
      const test = functions[random(functions.length)] ?? '';
      const name = nameOf(test);
      const words = ['again', 'twice', 'empty', 'by_default', 'of_all', 'raises'];
      const other = name.length > 16 ? `${name}_${words[random(words.length)]?.slice(0, 6)}` : `${name}s`;
      if (random(3) === 0) gone.add(test);
      else if (!functions.includes(test.slice(0, -name.length) + other)) change.set(test, other);
    }
    const truth = new Map<string, string>();
    const after = before.flatMap((test) => {
      const id = test.split('[')[0] ?? '';
      const fresh =
        random(400) === 0 ? [`${id.slice(0, -nameOf(id).length)}test_new_${round}_${random(1000)}`] : [];
      if (gone.has(id)) return fresh;
      let now = change.has(id) ? `${id.slice(0, -nameOf(id).length)}${change.get(id)}` : id;
      if (renamedClass !== undefined) now = now.replace(`::${renamedClass}::`, `::${renamedClass}Again::`);
      if (now.startsWith(`${moved}::`)) now = `${to}${now.slice(moved.length)}`;
      const name = `${now}${test.slice(id.length)}`;
      if (name !== test) truth.set(test, name);
      return [...fresh, name];
    });
    const pairs = follow({
      before,
      after,
      movedFiles: round % 2 === 0 ? [[moved, to]] : [],
      failures: { before: new Map(), after: new Map() },
    });
    // A file of hundreds counts as much as one function: at most three pairs of one file, class or function are taken.
    const counted = new Map<string, number>();
    for (const [from, now] of truth) {
      const key = from.startsWith(`${moved}::`)
        ? moved
        : (from.split('[')[0] ?? '').split('::').slice(0, 3).join('::');
      counted.set(key, (counted.get(key) ?? 0) + 1);
      if ((counted.get(key) ?? 0) > 3) continue;
      sum.of++;
      if (pairs.get(from) === now) sum.right++;
    }
    sum.pairs += pairs.size;
    sum.wrong += [...pairs].filter(([from, now]) => truth.get(from) !== now).length;
  }
  return sum;
}

function testsOf(path: string): string[] {
  const text = path.endsWith('.gz') ? gunzipSync(readFileSync(path)).toString() : readFileSync(path, 'utf8');
  return text
    .split('\n')
    .filter((line) => line.includes('"kind": "test"') || line.includes('"kind":"test"'))
    .map((line) => JSON.parse(line) as { nodeid: string; function?: string })
    .filter(
      (test) =>
        test.function !== undefined && /\.py::[^:\s]+(::[^:\s]+)*$/.test(test.nodeid.split('[')[0] ?? ''),
    )
    .map((test) => test.nodeid);
}
