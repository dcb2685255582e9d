// A story of one repository as it happens: commits on a server, checkouts of them as CI systems make them or a person's clone,
// reports as pytest writes them, uploads into both databases. Every upload must be told alike by both.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { expect } from 'vitest';
import { failuresToBlame } from '../../src/doors/fail-on.ts';
import { detectSurroundings } from '../../src/doors/surroundings.ts';
import { asOptions, StoreError } from '../../src/errors.ts';
import { ingest, type Verdict } from '../../src/ingest.ts';
import type { StoredRun } from '../../src/model.ts';
import { openReport } from '../../src/read/files.ts';
import { parseSettings } from '../../src/settings.ts';
import type { Connect } from '../../src/store/database/port.ts';
import { addMemory, findFailure } from '../../src/store/healix/memories.ts';
import { openAccess } from '../../src/store/schema/access.ts';
import { readRunHistory } from '../../src/storing.ts';
import { formerRuns, formerVerdict } from './former-rules.ts';
import {
  borrowObjects,
  type CommitObject,
  checkOut,
  cutHistory,
  type Files,
  initRepository,
  writeCommit,
  writeRefs,
} from './git-repository.ts';
import type { Place } from './places.ts';

const hour = 3_600_000;

/**
 * By node id: `P` passed, `S` skipped, `F` failed on `assert 1 == 2`, `F@9` the same on line 9, `F:3` on `assert 1 == 3`,
 * `F:KeyError` with that error, `X` in a fixture of conftest.py; `C` the file was not collected.
 */
export type Outcomes = Readonly<Record<string, string>>;

/** Outcomes, or the name of a report in `fixtures/stories` that pytest wrote. */
export type Tests = Outcomes | string;

export interface RunOptions {
  /** `shallow`: only the commit, as actions/checkout does by default; `full`: all branches. */
  readonly depth?: 'shallow' | 'full';
  /** The server is asked for files of commits that the clone lacks, as the Action asks GitHub. */
  readonly hasServer?: boolean;
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
  readonly reportTime?: Date;
  readonly uploadKey?: string;
  /** A coverage report. */
  readonly coverage?: string;
  /** `none`: nothing is stored. `unreadable`: the database refuses whatever comes behind the transaction that stores the run. */
  readonly database?: 'none' | 'unreadable';
  /** The upload is expected to be known already. */
  readonly isKnown?: boolean;
}

type Surroundings = Awaited<ReturnType<typeof detectSurroundings>>;

/** What a run was uploaded with, to judge it again. */
interface Uploaded {
  readonly options: RunOptions;
  readonly env: Record<string, string>;
  readonly checkout: { readonly sha: string; readonly ref: string } | undefined;
  /** One a database. */
  readonly verdicts: readonly Verdict[];
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

const gitEnv = { PATH: process.env.PATH, HOME: '/nonexistent', GIT_CONFIG_NOSYSTEM: '1' };

export class RepositoryStory {
  readonly root = realpathSync(mkdtempSync(join(tmpdir(), 'story-')));
  /** Everybody's commits, and the clone of whoever runs tests outside CI. */
  readonly server = join(this.root, 'server');
  readonly name = `acme/story-${++stories}`;
  readonly #places: readonly Place[];
  readonly #labels = new Map<string, string>();
  readonly #commits = new Map<string, CommitObject>();
  readonly #branches = new Map<string, string>();
  /** The branch that was committed to last. */
  #branch = 'main';
  /** What is checked out in the work trees that are there for several runs. */
  readonly #checkedOut = new Map<string, Files>();
  /** The server's work tree is not of its branch's newest commit. */
  #isBehind = true;
  #now = Math.floor(Date.now() / 1000) * 1000 - 20 * 24 * hour;
  #runs = 0;
  #attempt = 1;
  readonly #uploads = new WeakMap<Told, Uploaded>();
  readonly #past: { readonly run: StoredRun; readonly failed: ReadonlyMap<string, boolean> }[] = [];
  /** A failure was of another class by the rules before these. */
  isOtherThanFormerly = false;
  #newest: Told | undefined;

  constructor(places: readonly Place[], files: readonly string[] = ['tests/test_a.py', 'tests/test_b.py']) {
    this.#places = places;
    initRepository(this.server);
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

  /** What a person does in the clone. */
  git(cwd: string, ...args: string[]): string {
    return execFileSync('git', args, { cwd, env: gitEnv, encoding: 'utf8' }).trim();
  }

  /** Milliseconds since 1970. */
  get now(): number {
    return this.#now;
  }

  wait(hours: number): this {
    this.#now += hours * hour;
    return this;
  }

  sha(label: string): string {
    const sha = this.#labelled(label);
    if (sha === undefined) throw new Error(`no commit ${label}`);
    return sha;
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
    }: { on?: string; from?: string; files?: Record<string, string> } = {},
  ): string {
    this.#now += hour;
    const parent = this.#branches.get(on) ?? (this.#labelled(from) || this.#branches.get(from));
    const changed = new Map(parent === undefined ? [] : this.#filesOf(parent));
    for (const [file, text] of Object.entries({ [`src/${label}.py`]: `# ${label}\n`, ...files })) {
      if (text === '') changed.delete(file);
      else changed.set(file, text);
    }
    return this.#add(label, on, changed, parent === undefined ? [] : [parent]);
  }

  /** Merges one branch into another with a merge commit. */
  merge(label: string, into: string, from: string): string {
    this.#now += hour;
    const [ours, theirs] = [this.#tip(into), this.#tip(from)];
    return this.#add(label, into, this.#merged(ours, theirs), [ours, theirs]);
  }

  fastForward(branch: string, to: string): void {
    this.#move(branch, this.#tip(to));
  }

  #add(label: string, branch: string, files: Files, parents: readonly string[]): string {
    const sha = this.#write({ files, parents, at: this.#now, message: `${label} of ${this.name}` });
    this.#move(branch, sha);
    return this.label(label, sha);
  }

  #write(commit: CommitObject): string {
    const sha = writeCommit(this.server, commit);
    this.#commits.set(sha, commit);
    return sha;
  }

  #move(branch: string, sha: string): void {
    this.#branches.set(branch, sha);
    this.#branch = branch;
    this.#isBehind = true;
    writeRefs(this.server, new Map([...this.#branches].map(([name, tip]) => [`refs/heads/${name}`, tip])));
  }

  #labelled(label: string): string | undefined {
    for (const [sha, name] of this.#labels) if (name === label) return sha;
    return undefined;
  }

  #tip(branch: string): string {
    const sha = this.#branches.get(branch);
    if (sha === undefined) throw new Error(`no branch ${branch}`);
    return sha;
  }

  #filesOf(sha: string): Files {
    return this.#commits.get(sha)?.files ?? new Map();
  }

  /** Whose file differs from the merge base, wins; ours where both do. */
  #merged(ours: string, theirs: string): Files {
    const mine = this.#ancestors(ours);
    const base = this.#filesOf([...this.#ancestors(theirs)].find((sha) => mine.has(sha)) ?? '');
    const [one, other] = [this.#filesOf(ours), this.#filesOf(theirs)];
    const merged = new Map<string, string>();
    for (const path of [...one.keys(), ...other.keys()]) {
      const text = base.get(path) === one.get(path) ? other.get(path) : one.get(path);
      if (text !== undefined) merged.set(path, text);
    }
    return merged;
  }

  /** A commit and all before it, the nearest first. */
  #ancestors(sha: string): Set<string> {
    const found = new Set([sha]);
    for (const one of found) for (const parent of this.#commits.get(one)?.parents ?? []) found.add(parent);
    return found;
  }

  /** A run for a push of a branch at its commit. */
  push(
    label: string,
    tests: Tests | readonly Tests[],
    options: RunOptions & { branch?: string } = {},
  ): Promise<Told> {
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
    tests: Tests | readonly Tests[],
    options: RunOptions & { branch?: string; target?: string; fork?: string; checkout?: 'head' } = {},
  ): Promise<Told> {
    const { branch = `feature-${number}`, target = 'main', fork, checkout } = options;
    this.#now += hour / 60;
    const [headSha, baseSha] = [this.sha(head), this.sha(into)];
    const merge = this.#write({
      files: this.#merged(baseSha, headSha),
      parents: [baseSha, headSha],
      at: this.#now,
      message: 'merge',
    });
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

  /** A run for a pull request by a CI that merges in the checkout, which makes a commit that it does not name. */
  async bitbucket(number: number, head: string, into: string, tests: Tests): Promise<Told> {
    const [headSha, baseSha] = [this.sha(head), this.sha(into)];
    const merge = this.#write({
      files: this.#merged(headSha, baseSha),
      parents: [headSha, baseSha],
      at: this.#now,
      message: 'merge',
    });
    this.#labels.set(merge, `${head}+${into}`);
    const branch = `feature-${number}`;
    const checkout = { sha: merge, ref: `refs/heads/${branch}` };
    return this.#run(
      this.checkout(checkout.sha, checkout.ref, 'full'),
      tests,
      {},
      {
        CI: 'true',
        BITBUCKET_BUILD_NUMBER: `${++this.#runs}`,
        BITBUCKET_PIPELINE_UUID: `{${stories}-${this.#runs}}`,
        BITBUCKET_COMMIT: headSha,
        BITBUCKET_BRANCH: branch,
        BITBUCKET_PR_ID: `${number}`,
        BITBUCKET_PR_DESTINATION_BRANCH: 'main',
        BITBUCKET_REPO_FULL_NAME: this.name,
      },
      checkout,
    );
  }

  /** A run outside CI, on the branch that was committed to last or where the clone stands. */
  local(tests: Tests | readonly Tests[], options: RunOptions = {}): Promise<Told> {
    if (this.#isBehind)
      this.#checkOut(this.server, `ref: refs/heads/${this.#branch}`, this.#tip(this.#branch));
    this.#isBehind = false;
    return this.#run(this.server, tests, options, options.env ?? {});
  }

  async #ci(
    sha: string,
    tests: Tests | readonly Tests[],
    options: RunOptions,
    { env, payload, ref }: { env: Record<string, string>; payload: object; ref: string },
  ): Promise<Told> {
    const where = this.checkout(sha, ref, options.depth ?? 'shallow');
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
    const all = {
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
    };
    return this.#run(where, tests, options, all, { sha, ref });
  }

  /** As actions/checkout makes it. */
  checkout(sha: string, ref: string, depth: 'shallow' | 'full'): string {
    const where = depth === 'full' ? join(this.root, 'full') : mkdtempSync(join(this.root, 'ci-'));
    const commit = this.#commits.get(sha);
    if (commit === undefined) throw new Error(`no commit ${sha}`);
    if (!this.#checkedOut.has(where)) {
      initRepository(where, { origin: this.server });
      if (depth === 'full') borrowObjects(where, this.server);
    }
    if (depth === 'shallow') {
      writeCommit(where, commit);
      if (commit.parents.length > 0) cutHistory(where, [sha]);
    }
    const branches = depth === 'full' ? [...this.#branches] : [];
    writeRefs(
      where,
      new Map([...branches.map(([name, tip]) => [`refs/remotes/origin/${name}`, tip] as const), [ref, sha]]),
    );
    this.#checkOut(where, sha, sha);
    return where;
  }

  #checkOut(where: string, head: string, sha: string): void {
    const files = this.#filesOf(sha);
    checkOut(where, head, files, this.#checkedOut.get(where));
    this.#checkedOut.set(where, files);
  }

  /** Uploads reports into all databases. */
  async #run(
    where: string,
    tests: Tests | readonly Tests[],
    options: RunOptions,
    env: Record<string, string>,
    checkout?: Uploaded['checkout'],
  ): Promise<Told> {
    this.#now += hour;
    if (options.dirty === true) writeFileSync(join(where, 'src/start.py'), '# edited\n');
    const reports = (Array.isArray(tests) ? tests : [tests]).map((one: Tests) => {
      const report = join(this.root, `results-${Math.random()}.xml`);
      writeFileSync(report, reportOf(one, options.reportTime ?? new Date(this.#now)));
      return report;
    });
    // What git says of a checkout is the same for each database.
    const workingDirectory = options.folder === undefined ? where : join(where, options.folder);
    const found = this.#surroundings(workingDirectory, options, env);
    const verdicts: Verdict[] = [];
    const failed = new Map<string, boolean>();
    for (const place of this.#places)
      verdicts.push(
        await this.#upload(place, reports, { workingDirectory, options, surroundings: found, failed }),
      );
    const told = alike(verdicts.map((verdict) => this.#told(verdict)));
    this.#uploads.set(told, { options, env, checkout, verdicts });
    this.#compareWithFormer(told, failed);
    this.#newest = told;
    return told;
  }

  #compareWithFormer({ verdict, failures }: Told, failed: ReadonlyMap<string, boolean>): void {
    const { context } = verdict;
    const before = this.#past.map(({ run }) => run);
    const run = {
      ...context,
      runId: `${before.length}`,
      branch: context.gitBranch,
      at: this.#now,
    } as Partial<StoredRun> as StoredRun;
    const outcomes = new Map(this.#past.map((past) => [past.run.runId, past.failed]));
    this.#past.push({ run, failed });
    const base = context.baseBranch ?? 'main';
    const isOnBase = run.branch === base;
    const isTwin = ({ gitSha, jobName, pullRequest }: StoredRun) =>
      gitSha === run.gitSha && jobName === run.jobName && pullRequest === run.pullRequest;
    const sides = {
      branch: formerRuns(run, before, run.branch, true),
      base: isOnBase ? [] : formerRuns(run, before, base, false),
      twins: before.filter(isTwin),
      isOnBase,
    };
    for (const [testName, told] of Object.entries(failures)) {
      // Formerly such a class did not exist.
      if (told.startsWith('no-history: no-run')) continue;
      const outcomeIn = ({ runId }: StoredRun) => outcomes.get(runId)?.get(testName);
      if (formerVerdict(run, { ...sides, outcomeIn }).class !== told.split(':')[0])
        this.isOtherThanFormerly = true;
    }
  }

  /** Judges a run of CI again, by now, from another checkout of its commit. */
  async again(told: Told, depth: 'shallow' | 'full'): Promise<Told> {
    const { options, env, checkout, verdicts } = this.#uploaded(told);
    if (checkout === undefined) throw new Error('not a run of CI');
    const where = this.checkout(checkout.sha, checkout.ref, depth);
    const { named = {}, git, context } = await this.#surroundings(where, options, env);
    const all: Told[] = [];
    for (const [at, place] of this.#places.entries()) {
      const verdict = verdicts[at];
      if (verdict?.saved === undefined) throw new Error('not stored');
      const { project } = verdict.context;
      const history = await readRunHistory(place.connect, {
        saved: verdict.saved,
        teamSlug: place.teamSlug,
        allowPrivilegedRole: false,
        baseBranch: options.baseBranch,
        change: { context: { ...context(new Map()), project }, named, git },
      });
      all.push(this.#told({ ...verdict, history }));
    }
    return alike(all);
  }

  /** Columns of the newest run's rows of a test, in each database. */
  async look(testName: string, columns: string): Promise<unknown[]> {
    const { verdicts } = this.#uploaded(this.#newest);
    const sql = `SELECT ${columns} FROM test_results WHERE test_name = $1 AND test_run_id::text = $2`;
    return Promise.all(
      this.#places.map((place, at) => place.look(sql, [testName, verdicts[at]?.saved?.runId ?? ''])),
    );
  }

  /** Columns of the newest run, in each database. */
  async lookAtRun(columns: string): Promise<unknown[]> {
    const { verdicts } = this.#uploaded(this.#newest);
    const sql = `SELECT ${columns} FROM test_runs r WHERE id::text = $1`;
    const rows = this.#places.map((place, at) => place.look(sql, [verdicts[at]?.saved?.runId ?? '']));
    return (await Promise.all(rows)).flat();
  }

  #uploaded(told: Told | undefined): Uploaded {
    const uploaded = told && this.#uploads.get(told);
    if (uploaded === undefined) throw new Error('no such run');
    return uploaded;
  }

  async #surroundings(
    workingDirectory: string,
    options: RunOptions,
    env: Record<string, string>,
  ): Promise<Surroundings> {
    const mine = process.env;
    process.env = { PATH: mine.PATH, HOME: '/nonexistent', ...env };
    try {
      const settings = this.#settings(['results.xml'], options);
      const found = await detectSurroundings(settings, workingDirectory, undefined, asOptions);
      if (options.hasServer !== true) return found;
      const readServerFiles = async (sha: string, paths: readonly string[]) => {
        const files = this.#filesOf(sha);
        return new Map(
          paths.flatMap((path): [string, string][] => {
            const text = files.get(path);
            return text === undefined ? [] : [[path, text]];
          }),
        );
      };
      return { ...found, readServerFiles };
    } finally {
      process.env = mine;
    }
  }

  #settings(reports: readonly string[], options: RunOptions, place?: Place) {
    return parseSettings({
      reports: [...reports],
      coverage: options.coverage === undefined ? [] : [options.coverage],
      dataDir: '-',
      ...(place?.teamSlug === undefined ? {} : { team: place.teamSlug }),
      ...(options.baseBranch === undefined ? {} : { baseBranch: options.baseBranch }),
      ...(options.rootdir === undefined ? {} : { rootdir: options.rootdir }),
      ...(options.uploadKey === undefined ? {} : { uploadKey: options.uploadKey }),
      markers: [],
      createdAt: new Date(this.#now).toISOString(),
      set: [],
      allowIncomplete: false,
      allowPrivilegedRole: false,
      dryRun: false,
      failOn: ['new'],
    });
  }

  async #upload(
    place: Place,
    reports: readonly string[],
    {
      workingDirectory,
      options,
      surroundings,
      failed,
    }: {
      readonly workingDirectory: string;
      readonly options: RunOptions;
      readonly surroundings: Promise<Surroundings>;
      /** By test. */
      readonly failed: Map<string, boolean>;
    },
  ): Promise<Verdict> {
    const { coverage, database } = options;
    const verdict = await ingest(this.#settings(reports, options, place), {
      now: new Date(this.#now),
      hostname: 'runner',
      workingDirectory,
      reports: await Promise.all(reports.map((report) => openReport(report, workingDirectory))),
      coverage: { paths: coverage === undefined ? [] : [coverage], problems: [] },
      naming: asOptions,
      surroundings,
      onResults: async (results) => {
        for (const { testName, outcome } of results)
          failed.set(testName, outcome === 'failed' || outcome === 'error');
      },
      connect:
        database === 'none'
          ? undefined
          : database === 'unreadable'
            ? refusesWhenStored(place.connect)
            : place.connect,
    });
    expect([verdict.storeError, verdict.stored]).toEqual([
      undefined,
      database === 'none' ? 'no' : options.isKnown === true ? 'already' : 'new',
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
      // The stories are told in the past, and this machine's clock is theirs.
      warnings: verdict.warnings.map(({ code }) => code).filter((code) => code !== 'clock-off'),
      blame: [failuresToBlame(['new'], verdict), failuresToBlame(['unknown'], verdict)],
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

  /** Failures that count as healed: test and commit, alike in each database. */
  async healed(): Promise<readonly unknown[]> {
    const [first = [], ...others] = await Promise.all(
      this.#places.map((place) =>
        place.look(
          `SELECT x.test_name, r.git_sha FROM test_results x JOIN test_runs r ON r.id = x.test_run_id
           WHERE r.repository = $1 AND x.auto_healed ORDER BY r.created_at`,
          [this.name],
        ),
      ),
    );
    for (const other of others) expect(other).toEqual(first);
    return first.map((row) => [row.test_name, this.#labels.get(String(row.git_sha))]);
  }

  /** Somebody writes a memory about the newest failure of a test. */
  async remember(testName: string): Promise<void> {
    const { verdicts } = this.#uploaded(this.#newest);
    for (const [at, place] of this.#places.entries()) {
      const db = await place.connect();
      const access = await openAccess(db, { teamSlug: place.teamSlug, allowPrivilegedRole: false });
      await addMemory(db, access, {
        about: await findFailure(db, access, { testName, runId: verdicts[at]?.saved?.runId }),
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

/** What each database made of a run must be told in one way. */
function alike(all: readonly Told[]): Told {
  const [first, ...others] = all;
  if (first === undefined) throw new Error('no database');
  const { verdict: _, ...words } = first;
  for (const { verdict: __, ...other } of others) expect(other).toEqual(words);
  return first;
}

/** A database that refuses what comes behind the transaction that stores the run. */
function refusesWhenStored(connect: Connect): Connect {
  return async (limits) => {
    const db = await connect(limits);
    let isStored = false;
    return {
      ...db,
      transaction: async (work, edges) => {
        if (isStored) throw new StoreError({ code: 'database-refused', message: 'permission denied' });
        const result = await db.transaction(work, edges);
        isStored = String(edges.end).includes('ingest_uploads');
        return result;
      },
    };
  };
}

const fixtures = new URL('../../fixtures/stories/', import.meta.url);

function reportOf(tests: Tests, time: Date): string {
  if (typeof tests !== 'string') return junit(tests, time);
  const text = gunzipSync(readFileSync(new URL(`${tests}.xml.gz`, fixtures))).toString();
  return text.replace(/timestamp="[^"]*"/, `timestamp="${stampOf(time)}"`);
}

function stampOf(time: Date): string {
  return time.toISOString().replace('Z', '+00:00');
}

/** A report as pytest writes it (junit_family=xunit2). */
function junit(tests: Outcomes, time: Date): string {
  const cases = Object.entries(tests).map(([id, outcome]) => testcase(id, outcome));
  const stamp = ` timestamp="${stampOf(time)}"`;
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
