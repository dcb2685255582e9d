// A pull request as its reviewer meets it: a real git repository with a main branch and a change, reports as pytest and coverage.py write
// them, the bundled Action, and a server that stands in for GitHub. Each story's links are looked up among what really is there.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Nodes } from 'mdast';
import { fromMarkdown } from 'mdast-util-from-markdown';
import { gfmFromMarkdown } from 'mdast-util-gfm';
import { gfm } from 'micromark-extension-gfm';
import { runActionHere } from './action-in-process.ts';
import {
  checkOut,
  cutHistory,
  type Files,
  initRepository,
  writeCommit,
  writeRefs,
} from './git-repository.ts';
import { type GithubServer, startGithub } from './github-server.ts';
import { pullEnv, pullRequest } from './pull-request.ts';
import type { ActionResult, ActionRun } from './runner.ts';

export interface Case {
  readonly name: string;
  /** Dotted, as `classname` has it. */
  readonly module?: string;
  readonly seconds?: number;
  readonly skipped?: boolean;
  /** A failure's message and traceback, as pytest writes them. */
  readonly failure?: { readonly message: string; readonly text: string };
  /** What a failed one printed, as junit_logging=all writes it. */
  readonly printed?: string;
  /** The same for an error in setup. */
  readonly error?: { readonly message: string; readonly text: string };
}

/** An `assert` that fails in the test's own file, with pytest's diff. */
export function assertionOf(
  name: string,
  file: string,
  line: number,
  [left, right]: readonly [string, string],
) {
  const message = `AssertionError: assert ${left} == ${right}`;
  const words = [message, '  ', `  - ${right}`, `  + ${left}`];
  const text = `    def ${name}():
        basket = basket_of(3)
>       assert total(basket) == ${right}
${words.map((row) => `E       ${row}`).join('\n')}

${file}:${line}: AssertionError`;
  return { message: words.join('\n'), text };
}

const escaped = (text: string) =>
  text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/"/g, '&quot;');

export function junit(cases: readonly Case[]): string {
  const rows = cases.map((one) => {
    const { name, module = 'tests.test_shop', seconds = 0.01, skipped, failure, error, printed } = one;
    const open = `<testcase classname="${module}" name="${escaped(name)}" time="${seconds.toFixed(3)}"`;
    if (skipped === true)
      return `${open}><skipped type="pytest.skip" message="later">tests/test_shop.py:9: later</skipped></testcase>`;
    const bad = failure ?? error;
    if (bad === undefined) return `${open} />`;
    const tag = failure === undefined ? 'error' : 'failure';
    const output =
      printed === undefined
        ? ''
        : `<system-out>${'-'.repeat(33)} Captured Out ${'-'.repeat(33)}\n${escaped(printed)}\n</system-out>`;
    return `${open}><${tag} message="${escaped(bad.message).replaceAll('\n', '&#10;')}">${escaped(bad.text)}</${tag}>${output}</testcase>`;
  });
  const sum = cases.reduce((all, one) => all + (one.seconds ?? 0.01), 0);
  return `<?xml version="1.0" encoding="utf-8"?><testsuites name="pytest tests"><testsuite name="pytest" time="${sum.toFixed(3)}">${rows.join('')}</testsuite></testsuites>`;
}

/** coverage.py's report: for each file the lines that ran, and those that did not. */
export function coverageJson(
  files: Readonly<Record<string, readonly [executed: readonly number[], missing: readonly number[]]>>,
): string {
  const counts = (executed: number, missing: number) => ({
    covered_lines: executed,
    num_statements: executed + missing,
    percent_covered: (100 * executed) / Math.max(1, executed + missing),
    missing_lines: missing,
    excluded_lines: 0,
  });
  const all = Object.values(files);
  const sum = (place: 0 | 1) => all.reduce((total, lines) => total + lines[place].length, 0);
  return JSON.stringify({
    meta: { version: '7.6.1', format: 3 },
    files: Object.fromEntries(
      Object.entries(files).map(([path, [executed, missing]]) => [
        path,
        {
          executed_lines: executed,
          missing_lines: missing,
          excluded_lines: [],
          summary: counts(executed.length, missing.length),
        },
      ]),
    ),
    totals: counts(sum(0), sum(1)),
  });
}

export const lines = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, i) => from + i);

/** So many statements, each of a line. */
export const statements = (from: number, to: number) =>
  lines(from, to)
    .map((n) => `x_${n} = ${n}\n`)
    .join('');

export interface Checkout {
  readonly sha: string;
  readonly files: Files;
}

export interface Step {
  readonly at: Checkout;
  /** `merge`: at is the merge of it that pull requests are tested with. */
  readonly head?: Checkout;
  readonly cases: readonly Case[] | Readonly<Record<string, readonly Case[]>>;
  readonly coverage?: Parameters<typeof coverageJson>[0];
  readonly inputs?: Readonly<Record<string, string>>;
  readonly event?: ActionRun['event'];
  readonly env?: Readonly<Record<string, string>>;
}

export async function openReviewerStory(databaseUrl: string | undefined) {
  const home = mkdtempSync(join(tmpdir(), 'lukhas-reviewer-'));
  const github = await startGithub();
  initRepository(home, { origin: 'https://github.com/acme/shop.git' });
  let minute = 0;
  let workflowRun = 9_400_000_000 + Math.floor(Math.random() * 1_000_000) * 100;
  const commits: Checkout[] = [];
  const runs = new Set<number>();
  let there: Files = new Map();
  return {
    home,
    github,
    commit(files: Readonly<Record<string, string>>, parents: readonly Checkout[], message: string): Checkout {
      const tree = new Map(Object.entries(files));
      const at = 1_790_000_000_000 + minute++ * 60_000;
      const sha = writeCommit(home, { files: tree, parents: parents.map((one) => one.sha), at, message });
      const made = { sha, files: tree };
      commits.push(made);
      return made;
    },
    /** A clone of depth 1: the commit knows its parents' names, and nobody their files. */
    shallow(files: Readonly<Record<string, string>>, parents: readonly string[]): Checkout {
      const made = this.commit(
        files,
        parents.map((sha) => ({ sha, files: new Map() })),
        'Merge',
      );
      cutHistory(home, [made.sha]);
      return made;
    },
    /** A commit that this clone lacks, and GitHub has. */
    elsewhere(sha: string, files: Readonly<Record<string, string>>): Checkout {
      const made = { sha, files: new Map(Object.entries(files)) };
      commits.push(made);
      return made;
    },
    main: (tip: Checkout) => writeRefs(home, new Map([['refs/remotes/origin/main', tip.sha]])),
    /** A later workflow run, for the steps that follow. */
    next: () => {
      workflowRun++;
    },
    async run({ at, head, cases, coverage, inputs, event, env }: Step): Promise<ActionResult> {
      checkOut(home, at.sha, at.files, there);
      there = at.files;
      const reports = Array.isArray(cases)
        ? { 'results.xml': cases as readonly Case[] }
        : (cases as Readonly<Record<string, readonly Case[]>>);
      for (const [name, list] of Object.entries(reports)) writeFileSync(join(home, name), junit(list));
      if (coverage !== undefined) writeFileSync(join(home, 'coverage.json'), coverageJson(coverage));
      else rmSync(join(home, 'coverage.json'), { force: true });
      runs.add(workflowRun);
      const isPull = head !== undefined;
      return runActionHere({
        cwd: home,
        event:
          event ??
          (isPull
            ? pullRequest(head.sha)
            : { name: 'push', payload: { repository: { default_branch: 'main' } } }),
        apiUrl: github.url,
        inputs: {
          reports: Object.keys(reports).join('\n'),
          ...(coverage === undefined ? {} : { coverage: 'coverage.json' }),
          ...(databaseUrl === undefined ? {} : { 'database-url': databaseUrl }),
          ...inputs,
        },
        env: {
          ...(isPull ? pullEnv : { GITHUB_REF: 'refs/heads/main' }),
          GITHUB_SHA: at.sha,
          GITHUB_RUN_ID: String(workflowRun),
          ...env,
        },
      });
    },
    /** Links of a text that lead to nothing that is there. */
    broken(markdown: string): string[] {
      return addressesIn(markdown).filter((address) => !leadsSomewhere(address, commits, runs));
    },
    /** The comment without the marks of ours. */
    body: (n = 0) => github.comments[n]?.body.replace(/<!--.*?-->\n*/gs, '').trim() ?? '',
    async close() {
      await github.close();
      rmSync(home, { recursive: true, force: true });
    },
  };
}
export type ReviewerStory = Awaited<ReturnType<typeof openReviewerStory>>;
export type { GithubServer };

/** Addresses of the links that GitHub's Markdown makes of a text, in the folded parts as well. */
export function addressesIn(markdown: string): string[] {
  const found: string[] = [];
  const visit = (node: Nodes) => {
    if (node.type === 'link' || node.type === 'image') found.push(node.url);
    if ('children' in node) for (const child of node.children) visit(child);
  };
  visit(fromMarkdown(markdown, { extensions: [gfm()], mdastExtensions: [gfmFromMarkdown()] }));
  return found;
}

/** Whether a link leads to one of these commits, a file and line of one, or one of these runs. */
export function leadsSomewhere(
  address: string,
  commits: readonly Checkout[],
  runs: ReadonlySet<number>,
): boolean {
  const [, rest = ''] = /^https:\/\/github\.com\/acme\/shop\/(.+)$/.exec(address) ?? [];
  const commit = /^commit\/([0-9a-f]{40})$/.exec(rest)?.[1];
  if (commit !== undefined) return commits.some(({ sha }) => sha === commit);
  const run = /^actions\/runs\/(\d+)(?:\/job\/\d+)?(?:#summary-\d+)?$/.exec(rest)?.[1];
  if (run !== undefined) return runs.has(Number(run));
  const blob = /^blob\/([0-9a-f]{40})\/([^#]+)(?:#L(\d+)(?:-L(\d+))?)?$/.exec(rest);
  const text = commits.find(({ sha }) => sha === blob?.[1])?.files.get(decodeURIComponent(blob?.[2] ?? ''));
  const last = Number(blob?.[4] ?? blob?.[3] ?? 0);
  return text !== undefined && last <= text.split('\n').length;
}
