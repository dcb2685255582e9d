// What all questions have in common: which of the team's runs are meant, and the two ways of answering.

import { realpathSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { AskingCheckout } from '../../asking.ts';
import { hostOfName } from '../../context/remote.ts';
import type { Database } from '../../store/database/port.ts';
import type { ListedRun } from '../../store/questions/runs.ts';
import type { Scope } from '../../store/questions/scope.ts';
import { type Access, openAccess } from '../../store/schema/access.ts';
import { safeLine } from '../../tell/safe.ts';
import type { Terminal } from '../../tell/terminal/terminal.ts';
import { usage } from '../arguments.ts';
import type { ExitCode } from '../process.ts';
import { type Answer, answer, type CommandSettings } from './answer.ts';

/** Options of questions; those that a question does not have are absent. */
export interface AskSettings extends CommandSettings {
  readonly team: string | undefined;
  readonly repository?: string | undefined;
  /** All repositories of the team, also inside a checkout. */
  readonly all?: boolean;
  readonly branch?: string | undefined;
  readonly lane?: string | undefined;
  readonly job?: string | undefined;
  readonly since?: string | undefined;
  readonly limit?: number | undefined;
}

/** Where a question is asked, and about what. */
export interface Asked {
  readonly db: Database;
  readonly access: Access;
  readonly scope: Scope;
  readonly now: Date;
  readonly checkout: AskingCheckout | undefined;
  /** Where a run's tests are, seen from the current folder; undefined where that is not known. */
  folderOf(run: Pick<ListedRun, 'repository' | 'repositoryHost' | 'project'>): string | undefined;
  /** The scope in words, safe to print. */
  readonly about: string;
  /** The scope for programs. */
  readonly json: Record<string, unknown>;
}

/**
 * Answers a question about the runs that the settings name.
 *
 * @param days how far back it looks where nobody says; undefined: all the way; `isBare`: the answer stands alone, without the line that
 *   says what it is about
 */
export async function answerAbout(
  settings: AskSettings,
  terminal: Terminal,
  { days, isBare = false }: { readonly days?: number; readonly isBare?: boolean },
  work: (asked: Asked) => Promise<Answer>,
): Promise<ExitCode> {
  const now = new Date();
  const since =
    settings.since === undefined
      ? days === undefined
        ? undefined
        : new Date(now.getTime() - days * dayMs)
      : timeOf(settings.since, now);
  const place = await placeOf(settings);
  const scope: Scope = {
    repository: place.repository,
    branch: settings.branch,
    lane: settings.lane,
    job: settings.job,
    since,
  };
  return answer(settings, terminal, async (db) => {
    const access = await openTeam(db, settings.team);
    const words = [
      nameOf(scope.repository?.name) ?? `all of team ${access.team.slug}`,
      ...(['branch', 'lane', 'job'] as const).flatMap((what) =>
        scope[what] === undefined ? [] : [`${what} ${scope[what]}`],
      ),
      ...(since === undefined ? [] : [sinceInWords(settings.since, since, days)]),
    ];
    const about = safeLine(words.join(' · '));
    const { lines, json } = await work({
      db,
      access,
      scope,
      now,
      checkout: place.checkout,
      folderOf: place.folderOf,
      about,
      json: {
        team: access.team.slug,
        repository: scope.repository?.name ?? null,
        branch: scope.branch ?? null,
        lane: scope.lane ?? null,
        job: scope.job ?? null,
        since: since?.toISOString() ?? null,
      },
    });
    return { lines: isBare ? lines : [terminal.paint.dim(about), ...lines], json };
  });
}

/** A repository without a remote is called by its first commit, which says nothing to people. */
export function nameOf(repository: string | undefined): string | undefined {
  return repository?.startsWith('first-commit:') === true ? 'this repository' : repository;
}

/** As `lukhas healix`: an administrator works for the team that is named. */
export function openTeam(db: Database, team: string | undefined): Promise<Access> {
  return openAccess(db, { teamSlug: team, allowPrivilegedRole: team !== undefined });
}

const dayMs = 86_400_000;

function sinceInWords(given: string | undefined, since: Date, days: number | undefined): string {
  return given === undefined && days !== undefined
    ? `last ${days > 730 ? `${Math.round(days / 365.25)} years` : `${days} days`}`
    : `since ${since.toISOString().slice(0, 10)}`;
}

/** The repository that is meant: the one named, else the checkout's, else all. */
export async function placeOf({
  repository,
  all,
}: Pick<AskSettings, 'repository' | 'all'>): Promise<
  { readonly repository: Scope['repository'] } & Pick<Asked, 'checkout' | 'folderOf'>
> {
  if (repository !== undefined && all === true) throw usage('--all does not go with --repository');
  const { detectContext } = await import('../../context/context.ts');
  const { context, history, repositoryRoot } = await detectContext({ env: process.env, cwd: process.cwd() });
  // A folder without a repository has a name of its own, which nobody means.
  const own = repositoryRoot === undefined ? undefined : context.repository;
  const bare = (name: string, host: string | undefined) => {
    const small = name.toLowerCase();
    return host !== undefined && small.startsWith(`${host}/`) ? small.slice(host.length + 1) : small;
  };
  const host = context.repositoryHost;
  const checkout =
    own === undefined || history === undefined
      ? undefined
      : {
          git: history,
          isOf: (run: {
            readonly repository: string | undefined;
            readonly repositoryHost: string | undefined;
          }) =>
            run.repository !== undefined &&
            bare(run.repository, run.repositoryHost) === bare(own, host) &&
            (host === undefined || run.repositoryHost === undefined || host === run.repositoryHost),
        };
  const folderOf: Asked['folderOf'] = (run) =>
    repositoryRoot === undefined || run.project === undefined || checkout?.isOf(run) !== true
      ? undefined
      : relative(realpathSync(process.cwd()), join(realpathSync(repositoryRoot), run.project)).replaceAll(
          '\\',
          '/',
        ) || '.';
  if (repository !== undefined) {
    const named = hostOfName(repository);
    return { repository: { name: bare(repository, named), host: named }, checkout, folderOf };
  }
  if (all === true || own === undefined) return { repository: undefined, checkout, folderOf };
  return { repository: { name: bare(own, host), host }, checkout, folderOf };
}

/** `30d`, `12h`, `2w`, `6mo`, `1y`, or a date. */
export function timeOf(word: string, now: Date): Date {
  const ago = /^(\d{1,5})\s*(h|d|w|mo|y|hours?|days?|weeks?|months?|years?)$/i.exec(word.trim());
  if (ago !== null) {
    const n = Number(ago[1]);
    const unit = (ago[2] ?? '').toLowerCase();
    const days = unit.startsWith('h')
      ? 1 / 24
      : unit.startsWith('d')
        ? 1
        : unit.startsWith('w')
          ? 7
          : unit.startsWith('m')
            ? 30.4375
            : 365.25;
    const at = new Date(now.getTime() - n * days * dayMs);
    if (!Number.isNaN(at.getTime()) && at.getUTCFullYear() > 1970) return at;
  }
  if (/^\d{4}-\d{2}-\d{2}(T[\d:.]+(Z|[+-]\d{2}:?\d{2})?)?$/.test(word)) {
    const at = new Date(word);
    if (!Number.isNaN(at.getTime())) {
      if (at > now)
        throw usage(`--since ${word} lies ahead`, 'It takes a time that has passed: 30d, 2026-11-01.');
      return at;
    }
  }
  throw usage(
    `--since does not take '${word.slice(0, 60)}'`,
    'It takes 12h, 30d, 2w, 6mo, 1y, or a date such as 2026-11-01.',
  );
}
