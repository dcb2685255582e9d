// What a question is about: which of the team's runs. One text of conditions for every question, and what to say where no run is of
// it.
import { InputError } from '../../errors.ts';
import { nearest } from '../../nearest.ts';
import type { Database, SqlValue } from '../database/port.ts';
import type { Access } from '../schema/access.ts';
import { bareRepository, sameHost } from '../schema/repository.ts';

/** A repository by its name in runs: acme/shop, with its host or without. */
export interface RepositoryName {
  readonly name: string;
  /** undefined: any host. */
  readonly host: string | undefined;
}

/** Absent members ask for all. */
export interface Scope {
  readonly repository?: RepositoryName | undefined;
  readonly branch?: string | undefined;
  readonly lane?: string | undefined;
  /** The job's name, the same in every run. */
  readonly job?: string | undefined;
  /** Runs that began at this time or later. */
  readonly since?: Date | undefined;
}

/** Collects the values of a statement; each gets its place. `$1` is the team. */
export class Params {
  readonly values: SqlValue[];
  constructor(access: Access) {
    this.values = [access.team.id];
  }
  add(value: SqlValue): string {
    this.values.push(value);
    return `$${this.values.length}`;
  }
}

/** A stranger's run: also where an older program stored it. As src/store/history reads it. */
export const originOf = (run: string): string =>
  `coalesce(${run}.origin, CASE WHEN ${run}.git_branch LIKE '%:%' THEN 'stranger' WHEN ${run}.ci_system = 'local' THEN 'local' ELSE 'team' END)`;

/** Strangers' runs are evidence for nobody, and a report that is older than its commit is none. */
export const isEvidence = (run: string): string =>
  `(${originOf(run)} <> 'stranger' AND ${run}.stale IS NOT TRUE)`;

/** Whether a run `run` is of the scope: a condition of the team's rows. */
export function ofScope(run: string, scope: Scope, params: Params, db: Database): string {
  const parts = [`${run}.team_id = $1`];
  if (scope.since !== undefined) parts.push(`${run}.created_at >= ${params.add(scope.since)}`);
  return [...parts, ...narrowing(run, scope, params, db)].join(' AND ');
}

/** The same without team and time; of a row `run` of test_runs or run_days. */
export function narrowing(run: string, scope: Scope, params: Params, db: Database): string[] {
  const parts: string[] = [];
  const { repository, branch, lane, job } = scope;
  if (repository !== undefined) {
    const name = params.add(repository.name.toLowerCase());
    // The cheap ones first: most runs are stored under the very name.
    const isNamed = `(${run}.repository = ${name} OR lower(${run}.repository) = ${name} OR ${bareRepository(run)} = ${name})`;
    const host = params.add(repository.host ?? null);
    // Who has the embedded database for himself may have runs that name none.
    parts.push(
      `CASE WHEN ${run}.repository IS NULL THEN ${db.embedded} ELSE ${isNamed} AND ${sameHost(`${run}.repository_host`, `${host}::text`)} END`,
    );
  }
  if (branch !== undefined) parts.push(`${run}.git_branch = ${params.add(branch)}`);
  if (lane !== undefined) parts.push(`${run}.lane = ${params.add(lane)}`);
  if (job !== undefined) parts.push(`${run}.job_name = ${params.add(job)}`);
  return parts;
}

/** The scope asks for more than a time: its runs have to be looked at. */
export function isNarrow({ repository, branch, lane, job }: Scope): boolean {
  return repository !== undefined || branch !== undefined || lane !== undefined || job !== undefined;
}

/** So many of the newest runs are searched for names that were probably meant. */
const searched = 5000;

/**
 * Where an answer is empty: there are runs that it is empty of. Inside a transaction of the team.
 *
 * @throws InputError see `whyNone`
 */
export async function requireRuns(db: Database, access: Access, scope: Scope): Promise<void> {
  const params = new Params(access);
  const any = await db.query(
    `SELECT FROM test_runs r WHERE ${ofScope('r', scope, params, db)} LIMIT 1`,
    params.values,
  );
  if (any.length === 0) throw await whyNone(db, access, scope);
}

/**
 * Why no run is of a scope, as an error that says what there is; to be thrown. Inside a transaction of the team.
 *
 * @returns `no-runs`, `repository-unknown`, `branch-unknown`, `lane-unknown`, `job-unknown`, `range-empty`; `no-evidence` where there
 *   are runs and none counts
 */
export async function whyNone(db: Database, access: Access, scope: Scope): Promise<InputError> {
  const steps: readonly (readonly ['repository' | 'branch' | 'lane' | 'job', string])[] = [
    ['repository', bareRepository('r')],
    ['branch', 'r.git_branch'],
    ['lane', 'r.lane'],
    ['job', 'r.job_name'],
  ];
  const has = async (some: Scope): Promise<boolean> => {
    const params = new Params(access);
    const rows = await db.query(
      `SELECT FROM test_runs r WHERE ${ofScope('r', some, params, db)} LIMIT 1`,
      params.values,
    );
    return rows.length > 0;
  };
  if (!(await has({})))
    return new InputError({
      code: 'no-runs',
      message: `no run of team ${access.team.slug} is stored yet`,
      fix: '`lukhas upload results.xml` stores the first one; `pytest --junitxml=results.xml` writes it.',
    });
  let wider: Scope = {};
  for (const [what, column] of steps) {
    if (scope[what] === undefined) continue;
    const narrower = { ...wider, [what]: scope[what] };
    if (await has(narrower)) {
      wider = narrower;
      continue;
    }
    const params = new Params(access);
    const found = await db.query<{ name: string; n: number }>(
      `SELECT name, count(*)::int AS n FROM (
         SELECT ${column} AS name FROM (SELECT * FROM test_runs r WHERE ${ofScope('r', wider, params, db)} ORDER BY r.created_at DESC LIMIT ${searched}) AS r
       ) AS r WHERE name IS NOT NULL GROUP BY name ORDER BY n DESC, name LIMIT 500`,
      params.values,
    );
    const names = found.map(({ name }) => name);
    const asked = what === 'repository' ? (scope.repository?.name ?? '') : (scope[what] ?? '');
    const near = nearest(asked, names);
    const there =
      names.length === 0
        ? `No run names a ${what}.`
        : `There ${names.length === 1 ? 'is' : 'are'} ${listOf(names)}.`;
    const all = what === 'repository' ? ' --all asks about all of the team.' : '';
    return new InputError({
      code: `${what}-unknown`,
      message: `no run of the ${what} ${JSON.stringify(asked.slice(0, 200))} is stored`,
      fix: `${near === undefined ? '' : `Did you mean ${oneLine(near)}? `}${there}${all}`,
    });
  }
  if (await has(scope))
    return new InputError({
      code: 'no-evidence',
      message:
        'no run that was asked about is evidence: they are of forks, or their reports are older than their commits',
      fix: '`lukhas runs` lists them all.',
    });
  const params = new Params(access);
  const [newest] = await db.query<{ at: Date }>(
    `SELECT max(r.created_at) AS at FROM test_runs r WHERE ${ofScope('r', { ...scope, since: undefined }, params, db)}`,
    params.values,
  );
  return new InputError({
    code: 'range-empty',
    message:
      newest?.at == null
        ? 'no run has all that was asked for'
        : `no run since ${day(scope.since)}: the newest is of ${day(newest.at)}`,
    fix: newest?.at == null ? 'Leave an option away.' : `--since ${day(newest.at)} takes it in.`,
  });
}

/** A name out of the database for a message of one line: at most 200 characters. */
export function oneLine(name: string): string {
  return name.slice(0, 200).replace(/\s+/g, ' ');
}

function listOf(names: readonly string[]): string {
  const shown = names.slice(0, 5).map(oneLine).join(', ');
  return names.length > 5 ? `${shown} and ${names.length - 5} more` : shown;
}

function day(at: Date | undefined): string {
  return at === undefined ? 'then' : at.toISOString().slice(0, 10);
}
