// A story of one repository as it happens: commits on a server, checkouts of them as CI systems make them or a person's clone,
// reports as pytest writes them, uploads into both databases. Every upload must be told alike by both.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect } from 'vitest';
import { failuresToBlame } from '../../src/doors/fail-on.ts';
import { detectSurroundings } from '../../src/doors/surroundings.ts';
import { asOptions } from '../../src/errors.ts';
import { ingest, type Verdict } from '../../src/ingest.ts';
import { openReport } from '../../src/read/files.ts';
import { parseSettings } from '../../src/settings.ts';
import { addMemory, findFailure } from '../../src/store/healix/memories.ts';
import { openAccess } from '../../src/store/schema/access.ts';
import type { Place } from './places.ts';

const hour = 3_600_000;

/**
 * By node id: `P` passed, `S` skipped, `F` failed on `assert 1 == 2`, `F@9` the same on line 9, `F:3` on `assert 1 == 3`,
 * `F:KeyError` with that error, `X` in a fixture of conftest.py; `C` the file was not collected.
 */
export type Outcomes = Readonly<Record<string, string>>;

export interface RunOptions {
  /** `shallow`: only the commit, as actions/checkout does by default; `full`: all branches. */
  readonly depth?: 'shallow' | 'full';
  readonly job?: string;
  /** Of the workflow run before: its next attempt. */
  readonly again?: boolean;
  /** In the workflow run before: another step or job of it. */
  readonly beside?: boolean;
  readonly step?: string;
  readonly before?: string | undefined;
  readonly baseBranch?: string;
  readonly rootdir?: string;
  /** Project folder that pytest was run in. */
  readonly folder?: string;
  readonly event?: string;
  readonly payload?: object;
  readonly env?: Record<string, string>;
  readonly dirty?: boolean;
  readonly incomplete?: boolean;
  readonly reportTime?: Date;
  readonly uploadKey?: string;
  /** The upload is expected to be known already. */
  readonly isKnown?: boolean;
}

/** What is said of a run, short enough to be read in a test. Commits by their labels. */
export interface Told {
  readonly failures: Record<string, string>;
  readonly point: string | undefined;
  readonly fixed: Record<string, string>;
  readonly changes: Record<string, unknown> | undefined;
  readonly warnings: readonly string[];
  /** How many failures stop the run: `--fail-on new`, `--fail-on unknown`. */
  readonly blame: readonly (number | undefined)[];
  readonly base: string | undefined;
  readonly isInfrastructure: boolean | undefined;
  readonly verdict: Verdict;
}

let stories = 0;

export class RepositoryStory {
  readonly root = realpathSync(mkdtempSync(join(tmpdir(), 'story-')));
  readonly server = join(this.root, 'server');
  readonly name = `acme/story-${++stories}`;
  readonly #places: readonly Place[];
  readonly #labels = new Map<string, string>();
  #now = Math.floor(Date.now() / 1000) * 1000 - 20 * 24 * hour;
  #runs = 0;
  #attempt = 1;
  /** Of the newest run, one a database. */
  #runIds: string[] = [];
  #full: string | undefined;

  constructor(places: readonly Place[], files: readonly string[] = ['tests/test_a.py', 'tests/test_b.py']) {
    this.#places = places;
    mkdirSync(this.server);
    this.git(this.server, 'init', '-q', '-b', 'main');
    this.git(this.server, 'config', 'uploadpack.allowAnySHA1InWant', 'true');
    this.commit('start', {
      files: Object.fromEntries([
        // The first commit names a repository without a remote: no two stories may share it.
        ['name', this.name],
        ...files.map((file) => [file, 'def test_x(): ...\n']),
      ]),
    });
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true });
  }

  git(cwd: string, ...args: string[]): string {
    const date = `${this.#now / 1000} +0000`;
    return execFileSync('git', args, {
      cwd,
      env: {
        PATH: process.env.PATH,
        HOME: '/nonexistent',
        GIT_AUTHOR_NAME: 'A',
        GIT_AUTHOR_EMAIL: 'a@example.com',
        GIT_COMMITTER_NAME: 'A',
        GIT_COMMITTER_EMAIL: 'a@example.com',
        GIT_AUTHOR_DATE: date,
        GIT_COMMITTER_DATE: date,
        GIT_CONFIG_NOSYSTEM: '1',
      },
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    }).trim();
  }

  wait(hours: number): this {
    this.#now += hours * hour;
    return this;
  }

  sha(label: string): string {
    for (const [sha, name] of this.#labels) if (name === label) return sha;
    throw new Error(`no commit ${label}`);
  }

  label(label: string, sha: string): string {
    this.#labels.set(sha, label);
    return sha;
  }

  /** Commits on the server; `on`: the branch, made from `from` where it is new. An empty text deletes a file. */
  commit(
    label: string,
    {
      on = 'main',
      from = 'main',
      files = {},
      where = this.server,
    }: { on?: string; from?: string; files?: Record<string, string>; where?: string } = {},
  ): string {
    this.#now += hour;
    if (this.#labels.size > 0) {
      const isThere = this.git(where, 'for-each-ref', '--format=%(refname)', `refs/heads/${on}`) !== '';
      const start = [...this.#labels.values()].includes(from) ? this.sha(from) : from;
      this.git(where, 'checkout', '-q', ...(isThere ? [on] : ['-b', on, start]));
    }
    for (const [file, text] of Object.entries({ [`src/${label}.py`]: `# ${label}\n`, ...files })) {
      const path = join(where, file);
      if (text === '') rmSync(path);
      else {
        mkdirSync(dirname(path), { recursive: true });
        writeFileSync(path, text);
      }
    }
    this.git(where, 'add', '-A');
    this.git(where, 'commit', '-q', '-m', `${label} of ${this.name}`);
    return this.label(label, this.git(where, 'rev-parse', 'HEAD'));
  }

  /** Merges one branch into another with a merge commit; the merged side's files win. */
  merge(label: string, into: string, from: string): string {
    this.#now += hour;
    this.git(this.server, 'checkout', '-q', into);
    this.git(this.server, 'merge', '-q', '--no-ff', '-m', label, from);
    return this.label(label, this.git(this.server, 'rev-parse', 'HEAD'));
  }

  fastForward(branch: string, to: string): void {
    this.git(this.server, 'checkout', '-q', branch);
    this.git(this.server, 'merge', '-q', '--ff-only', to);
  }

  /** A run for a push of a branch at its commit. */
  push(label: string, tests: Outcomes, options: RunOptions & { branch?: string } = {}): Promise<Told> {
    const { branch = 'main', before } = options;
    const sha = this.sha(label);
    return this.#ci(sha, tests, options, {
      env: {
        GITHUB_EVENT_NAME: options.event ?? 'push',
        GITHUB_REF: `refs/heads/${branch}`,
        GITHUB_REF_TYPE: 'branch',
        GITHUB_SHA: sha,
      },
      payload: { ...(before === undefined ? {} : { before: this.sha(before) }), ...options.payload },
      ref: `refs/remotes/origin/${branch}`,
    });
  }

  /** A run for a pull request: the merge of its head into the target's commit. */
  pull(
    number: number,
    head: string,
    into: string,
    tests: Outcomes,
    options: RunOptions & { branch?: string; target?: string; fork?: string; checkout?: 'head' } = {},
  ): Promise<Told> {
    const { branch = `feature-${number}`, target = 'main', fork, checkout } = options;
    this.#now += hour / 60;
    const [headSha, baseSha] = [this.sha(head), this.sha(into)];
    const tree = this.git(this.server, 'merge-tree', '--write-tree', baseSha, headSha).split('\n')[0] ?? '';
    const merge = this.git(this.server, 'commit-tree', tree, '-p', baseSha, '-p', headSha, '-m', 'merge');
    this.#labels.set(merge, `${into}+${head}`);
    const repo = { id: 1, full_name: this.name };
    return this.#ci(checkout === 'head' ? headSha : merge, tests, options, {
      env: {
        GITHUB_EVENT_NAME: 'pull_request',
        GITHUB_REF: `refs/pull/${number}/merge`,
        GITHUB_REF_TYPE: 'branch',
        GITHUB_SHA: merge,
        GITHUB_HEAD_REF: branch,
        GITHUB_BASE_REF: target,
      },
      payload: {
        number,
        pull_request: {
          number,
          head: { ref: branch, sha: headSha, repo: fork === undefined ? repo : { id: 2, full_name: fork } },
          base: { ref: target, sha: baseSha, repo },
        },
      },
      ref: `refs/remotes/pull/${number}/merge`,
    });
  }

  /** A run outside CI, in a clone where it stands. */
  local(
    tests: Outcomes,
    options: RunOptions & { where?: string; env?: Record<string, string> } = {},
  ): Promise<Told> {
    return this.run(options.where ?? this.server, tests, options, options.env ?? {});
  }

  async #ci(
    sha: string,
    tests: Outcomes,
    options: RunOptions,
    { env, payload, ref }: { env: Record<string, string>; payload: object; ref: string },
  ): Promise<Told> {
    const where = this.#checkout(sha, ref, options.depth ?? 'shallow');
    if (options.again === true) this.#attempt++;
    else if (options.beside !== true) {
      this.#runs++;
      this.#attempt = 1;
    }
    const event = join(this.root, 'event.json');
    writeFileSync(
      event,
      JSON.stringify({ repository: { id: 1, full_name: this.name, default_branch: 'main' }, ...payload }),
    );
    return this.run(where, tests, options, {
      CI: 'true',
      GITHUB_ACTIONS: 'true',
      GITHUB_REPOSITORY: this.name,
      GITHUB_RUN_ID: `${stories}${this.#runs}`,
      GITHUB_RUN_ATTEMPT: `${this.#attempt}`,
      GITHUB_WORKFLOW: 'CI',
      GITHUB_WORKFLOW_REF: `${this.name}/.github/workflows/ci.yml@refs/heads/main`,
      GITHUB_JOB: options.job ?? 'tests',
      GITHUB_ACTION: options.step ?? '__acme_ingest',
      GITHUB_EVENT_PATH: event,
      ...env,
      ...options.env,
    });
  }

  /** As actions/checkout makes it. */
  #checkout(sha: string, ref: string, depth: 'shallow' | 'full'): string {
    if (depth === 'full') {
      if (this.#full === undefined) {
        this.#full = join(this.root, 'full');
        mkdirSync(this.#full);
        this.git(this.#full, 'init', '-q');
        this.git(this.#full, 'remote', 'add', 'origin', this.server);
      }
      this.git(this.#full, 'fetch', '-q', 'origin', '+refs/heads/*:refs/remotes/origin/*');
      if (!ref.startsWith('refs/remotes/origin/'))
        this.git(this.#full, 'fetch', '-q', 'origin', `+${sha}:${ref}`);
      this.git(this.#full, 'checkout', '-q', '--force', '--detach', sha);
      return this.#full;
    }
    const where = mkdtempSync(join(this.root, 'ci-'));
    this.git(where, 'init', '-q');
    this.git(where, 'fetch', '-q', '--depth=1', `file://${this.server}`, `+${sha}:${ref}`);
    this.git(where, 'checkout', '-q', '--detach', sha);
    return where;
  }

  /** Uploads a report into both databases. */
  async run(where: string, tests: Outcomes, options: RunOptions, env: Record<string, string>): Promise<Told> {
    this.#now += hour;
    if (options.dirty === true) writeFileSync(join(where, 'src/start.py'), '# edited\n');
    const report = join(this.root, `results-${Math.random()}.xml`);
    writeFileSync(report, junit(tests, options.reportTime ?? new Date(this.#now)));
    const told: Told[] = [];
    this.#runIds = [];
    for (const place of this.#places) {
      const verdict = await this.#upload(place, where, report, options, env);
      this.#runIds.push(verdict.saved?.runId ?? '');
      told.push(this.#told(verdict));
    }
    const [first, ...others] = told;
    if (first === undefined) throw new Error('no database');
    const { verdict: _, ...words } = first;
    for (const { verdict: __, ...other } of others) expect(other).toEqual(words);
    return first;
  }

  async #upload(
    place: Place,
    where: string,
    report: string,
    options: RunOptions,
    env: Record<string, string>,
  ): Promise<Verdict> {
    const workingDirectory = options.folder === undefined ? where : join(where, options.folder);
    const settings = parseSettings({
      reports: [report],
      coverage: [],
      dataDir: '-',
      ...(place.teamSlug === undefined ? {} : { team: place.teamSlug }),
      ...(options.baseBranch === undefined ? {} : { baseBranch: options.baseBranch }),
      ...(options.rootdir === undefined ? {} : { rootdir: options.rootdir }),
      ...(options.uploadKey === undefined ? {} : { uploadKey: options.uploadKey }),
      markers: [],
      createdAt: new Date(this.#now).toISOString(),
      set: [],
      allowIncomplete: options.incomplete === true,
      allowPrivilegedRole: false,
      dryRun: false,
      failOn: 'new',
    });
    const mine = process.env;
    process.env = { PATH: mine.PATH, HOME: '/nonexistent', ...env };
    let surroundings: ReturnType<typeof detectSurroundings>;
    try {
      surroundings = detectSurroundings(settings, workingDirectory, undefined, asOptions);
    } finally {
      process.env = mine;
    }
    const verdict = await ingest(settings, {
      now: new Date(this.#now),
      hostname: 'runner',
      workingDirectory,
      reports: [await openReport(report, where)],
      coverage: { paths: [], problems: [] },
      naming: asOptions,
      surroundings,
      connect: place.connect,
    });
    expect([verdict.storeError, verdict.stored]).toEqual([
      undefined,
      options.isKnown === true ? 'already' : 'new',
    ]);
    return verdict;
  }

  #told(verdict: Verdict): Told {
    const { history } = verdict;
    const short = (sha: string | undefined) =>
      sha === undefined ? '?' : (this.#labels.get(sha) ?? sha.slice(0, 8));
    const labelled = (value: object): string => {
      let text = JSON.stringify(value);
      for (const [sha, name] of this.#labels) text = text.replaceAll(sha, name);
      return text;
    };
    const failures = (history?.failures ?? []).map((failure) => {
      const { kind, ...facts } = failure.reason;
      const sha =
        'sha' in facts
          ? `@${short(facts.sha)}`
          : kind === 'flaky' && 'evidence' in facts
            ? `@${short(facts.evidence.sha)}`
            : '';
      const match =
        failure.match === undefined ? '' : ` ${failure.known ? 'known' : 'not known'}: ${failure.match.tier}`;
      return [failure.testName, `${failure.class}: ${kind}${sha}${match}`] as const;
    });
    const { added, removed, renamed, newlySkipped, notRun, parametersChanged } = history?.changes ?? {};
    const filled = Object.entries({
      added,
      removed,
      renamed,
      newlySkipped,
      notRun,
      parametersChanged,
    }).filter(([, list]) => list !== undefined && list.length > 0);
    return {
      failures: Object.fromEntries(failures),
      point:
        history?.point &&
        `${short(history.point.sha)} ${history.point.source}${history.point.isApproximate ? ' about' : ''}${
          history.point.untested === undefined
            ? ' ?'
            : history.point.untested.length > 0
              ? ` +${history.point.untested.map(short).join(',')}`
              : ''
        }`,
      fixed: Object.fromEntries(
        (history?.fixed ?? []).map((fixed) => [
          fixed.testName,
          fixed.kind === 'fixed'
            ? `fixed since ${short(fixed.since)}`
            : `green here, red at ${short(fixed.redAt)}`,
        ]),
      ),
      changes: history?.changes && JSON.parse(labelled(Object.fromEntries(filled))),
      warnings: verdict.warnings.map(({ code }) => code),
      blame: [failuresToBlame('new', verdict), failuresToBlame('unknown', verdict)],
      base: history?.baseBranch,
      isInfrastructure: history?.isInfrastructure,
      verdict,
    };
  }

  /** What a test's memory has learned: worked, failed, confidence. */
  async learned(testName: string): Promise<readonly unknown[]> {
    const [first, ...others] = await Promise.all(
      this.#places.map((place) =>
        place.look(
          `SELECT success_count, failure_count, confidence::float FROM healix_memories WHERE repository = $1 AND test_name = $2`,
          [this.name, testName],
        ),
      ),
    );
    for (const other of others) expect(other).toEqual(first);
    return Object.values(first?.[0] ?? {});
  }

  /** Somebody writes a memory about the newest failure of a test. */
  async remember(testName: string): Promise<void> {
    for (const [at, place] of this.#places.entries()) {
      const db = await place.connect();
      const access = await openAccess(db, { teamSlug: place.teamSlug, allowPrivilegedRole: false });
      await addMemory(db, access, {
        about: await findFailure(db, access, { testName, runId: this.#runIds[at] }),
        signed: {},
        rootCause: 'a total was changed',
        probableCause: undefined,
        solution: 'change it back',
        solutionType: 'code_fix',
        autoFixCode: undefined,
        confidence: undefined,
      });
      await db.close();
    }
  }
}

/** A report as pytest writes it (junit_family=xunit2). */
function junit(tests: Outcomes, time: Date): string {
  const cases = Object.entries(tests).map(([id, outcome]) => testcase(id, outcome));
  const stamp = ` timestamp="${time.toISOString().replace('Z', '+00:00')}"`;
  return `<?xml version="1.0" encoding="utf-8"?><testsuites><testsuite name="pytest" errors="0" failures="0" tests="${cases.length}"${stamp}>${cases.join('')}</testsuite></testsuites>`;
}

function testcase(id: string, outcome: string): string {
  const [file = '', ...names] = id.split('::');
  const name = names.join('.');
  const module = file.replace(/\.py$/, '').replaceAll('/', '.');
  if (outcome === 'C')
    return `<testcase classname="" name="${module}" time="0.0"><error message="collection failure">${file}:3: in &lt;module&gt;
    import nothing
E   SyntaxError: invalid syntax</error></testcase>`;
  const open = `<testcase classname="${module}" name="${name}" time="0.01"`;
  if (outcome === 'P') return `${open}/>`;
  if (outcome === 'S')
    return `${open}><skipped type="pytest.skip" message="later">${file}:3: later</skipped></testcase>`;
  const plain = name.replace(/\[.*$/, '');
  if (outcome === 'X')
    return `${open}><error message="failed on setup with &quot;ConnectionError: refused&quot;">@pytest.fixture
    def server():
&gt;       connect()
E       ConnectionError: refused

tests/conftest.py:5: ConnectionError</error></testcase>`;
  const [, what] = outcome.split(':');
  const [, at = '7'] = outcome.split('@');
  const [error, statement, line] =
    what === undefined || /^\d/.test(what)
      ? ['AssertionError', 'assert f() == 2', `assert 1 == ${what ?? 2}`]
      : [what, 'f()', `${what}: broken`];
  return `${open}><failure message="${error === 'AssertionError' ? `AssertionError: ${line}` : line}">def ${plain}():
&gt;       ${statement}
E       ${line}

${file}:${at}: ${error}</failure></testcase>`;
}
