// Words of `lukhas doctor`: what was found out, then what is to be mended and how. Everything that came from a database, a report or a
// checkout is made safe here.
import type { Finding, Growth, HealthFacts, IndexFacts, JobFacts, TableFacts } from '../../health.ts';
import { safeLine } from '../safe.ts';
import { count } from '../words.ts';
import type { Paint } from './terminal.ts';

export interface FindingWords {
  readonly code: string;
  readonly message: string;
  readonly fix: string;
}

const setUp = '`lukhas db setup --team <slug>`, as an administrator, makes it right';

/** A finding in words: what is wrong, in one sentence without a full stop, and what to do. */
export function wordsOf(finding: Finding): FindingWords {
  const say = (message: string, fix: string): FindingWords => ({
    code: finding.code,
    message: safeLine(message),
    fix: safeLine(fix),
  });
  switch (finding.code) {
    case 'trouble': {
      const { code, message, fix } = finding.trouble;
      return {
        code,
        message: safeLine(message),
        fix: safeLine(fix ?? 'The message says what is in the way.'),
      };
    }
    case 'not-encrypted':
      return say(
        finding.remark,
        'Leave sslmode away, or write sslmode=verify-full; --ssl-ca names an authority of your own.',
      );
    case 'identity-unchecked':
      return say(
        finding.remark,
        'Write sslmode=verify-full, and name the authority of the server with --ssl-ca or LUKHAS_SSL_CA.',
      );
    case 'login-privileged':
      return say(
        `this job\u2019s login "${finding.login}" is ${finding.privilege}: uploads with it are refused`,
        'Keep a login of one team as the CI secret DATABASE_URL: `lukhas db grant --team <slug> --role <login>` prints its URL.',
      );
    case 'read-only':
      return say(
        'the database takes no writes: it is a standby, or default_transaction_read_only is on',
        'Name the primary in the URL, or: ALTER DATABASE \u2026 SET default_transaction_read_only = off.',
      );
    case 'clock-off':
      return say(
        `this machine\u2019s clock is ${spanOf(Math.abs(finding.offsetMs))} ${finding.offsetMs > 0 ? 'ahead of' : 'behind'} the database\u2019s`,
        'Let both be set by NTP: `timedatectl` tells whether it is. Runs more than 31 days back or a day ahead are refused.',
      );
    case 'parts-missing':
      return say(
        `parts are missing, or not as the migrations make them: ${some(finding.parts)}`,
        'Restore the last backup as a whole into an empty database (docs/restore.md).',
      );
    case 'index-missing':
      return say(
        `without these questions take longer: ${some(finding.parts)}`,
        finding.parts.some((part) => part.startsWith('table '))
          ? 'A table that is no partition any more: attach it again, or drop it. An index: make it as docs/schema.sql has it, with CREATE INDEX CONCURRENTLY.'
          : 'Make them as docs/schema.sql has them, with CREATE INDEX CONCURRENTLY; an invalid one: DROP INDEX first.',
      );
    case 'row-security':
      return say(
        `row-level security is off on ${some(finding.parts)}: rows of all teams can be read there`,
        setUp,
      );
    case 'policies':
      return say(`policies are missing or changed: ${some(finding.parts)}`, setUp);
    case 'rights':
      return say(`rights are missing or too many on ${some(finding.parts)}`, setUp);
    case 'owners':
      return say(`these do not belong to lukhas_owner: ${some(finding.parts)}`, setUp);
    case 'roles':
      return say(`these roles are missing: ${some(finding.parts)}`, setUp);
    case 'login-lost':
      return say(
        `the login ${finding.role}, bound to ${finding.team}, does not exist, or may neither upload nor read`,
        `lukhas db grant --team ${finding.team} --role ${finding.role}, with --read-only if it only read`,
      );
    case 'months-missing':
      return say(
        `${finding.table} has no partition for ${finding.months.join(', ')}`,
        '`lukhas db partitions` makes the months ahead.',
      );
    case 'half-detached':
      return say(
        `the month ${finding.partition} is half detached: its DETACH CONCURRENTLY was interrupted`,
        '`lukhas db retain` goes on with it; by hand: ALTER TABLE \u2026 DETACH PARTITION \u2026 FINALIZE.',
      );
    case 'retention-overdue':
      return say(
        finding.months.length > 0
          ? `${finding.table} keeps ${finding.months.length} ${finding.months.length === 1 ? 'month' : 'months'} longer than it should: ${some(finding.months)}`
          : `${finding.table} keeps ${finding.rows} rows longer than it should`,
        '`lukhas db retain --dry-run` says what would go, `lukhas db retain` takes it; docs/operations.md has it as a monthly job.',
      );
    case 'disk-full-soon':
      return say(
        finding.inMonths === 0
          ? `the database takes ${sizeOf(finding.bytes)} of ${sizeOf(finding.diskBytes)}: the disk is full`
          : `${sizeOf(finding.diskBytes)} are full in ${finding.inMonths} ${finding.inMonths === 1 ? 'month' : 'months'}, growing as lately; the database takes ${sizeOf(finding.bytes)}`,
        'Make the disk larger, or keep less: `lukhas db retain --dry-run`.',
      );
    case 'job-silent':
      return say(
        `${jobOf(finding.job)} had a run every ${days(finding.usualDays)}, and none for ${days(finding.silentDays)}`,
        // biome-ignore lint/suspicious/noTemplateCurlyInString: GitHub's own expression syntax
        'Look whether the job runs and its upload step is reached (if: ${{ !cancelled() }}). Was it removed or renamed, this ends 60 days after its last run.',
      );
    case 'index-unused':
      return say(
        `the index ${finding.index.index} of ${finding.index.table} takes ${sizeOf(finding.index.bytes)} and was never used`,
        `It is not one of lukhas-ingest's own. Drop it where nobody needs it: DROP INDEX CONCURRENTLY ${finding.index.index}`,
      );
    case 'index-bloated':
      return say(
        `the index ${finding.index.index} takes ${sizeOf(finding.index.bytes)}, about ${sizeOf(finding.wastedBytes)} more than it needs`,
        `REINDEX INDEX CONCURRENTLY ${finding.index.index}`,
      );
    case 'table-bloated':
      return say(
        `${finding.table.table} holds ${finding.table.deadRows} dead rows beside ${finding.table.liveRows}: autovacuum does not come along, or something holds it up`,
        `VACUUM (ANALYZE) ${finding.table.table}; a transaction that stays open holds it up: SELECT pid, xact_start FROM pg_stat_activity ORDER BY xact_start.`,
      );
    case 'no-commit':
      return say(
        finding.isInRepository
          ? 'the checkout has no commit yet: runs would be stored without one'
          : finding.ciSystem === undefined
            ? 'this folder is in no git repository: runs are stored without a commit, and compared with nothing'
            : `${finding.ciSystem} names no commit and this folder is in no git repository: runs are stored without a commit`,
        'Run it in the checkout (actions/checkout in this job), or give --set git_sha=<commit>; git must be installed.',
      );
    case 'token-refused':
      return say(
        'GitHub refuses GITHUB_TOKEN (401)',
        // biome-ignore lint/suspicious/noTemplateCurlyInString: GitHub's own expression syntax
        'Give the step the job\u2019s own: env: GITHUB_TOKEN: ${{ github.token }}',
      );
    case 'token-may-not-comment':
      return say(
        `the token may not comment on pull requests of ${finding.repository}`,
        'Give the job `permissions: pull-requests: write`. For pull requests of forks see docs/action.md.',
      );
  }
}

/** Lines for a terminal. */
export function renderHealth(
  facts: HealthFacts,
  findings: readonly Finding[],
  growth: Growth,
  paint: Paint,
): string[] {
  const lines = [...databaseLines(facts, growth), ...surroundingLines(facts)].map(
    ([name, value]) => `${name.padEnd(12)}${safeLine(value)}`,
  );
  if (findings.length === 0) return [...lines, '', paint.green('\u2713 nothing to mend')];
  return [
    ...lines,
    '',
    ...findings.flatMap((finding) => {
      const { message, fix } = wordsOf(finding);
      return [`${paint.red('\u2717')} ${message}`, `  ${paint.dim(fix)}`];
    }),
    '',
    paint.red(`\u2717 ${findings.length} to mend`),
  ];
}

type Line = readonly [name: string, value: string];

function databaseLines(facts: HealthFacts, growth: Growth): Line[] {
  const { database, embedded, now } = facts;
  const { connection, schema, months, tables, indexes, jobs } = database;
  const lines: Line[] = [];
  if (connection !== undefined) {
    const who =
      embedded === undefined
        ? [
            `login ${connection.login}${connection.privilege === undefined ? '' : `, ${connection.privilege}`}`,
          ]
        : [];
    const team = connection.team === undefined ? [] : [`team ${connection.team}`];
    const way =
      embedded === undefined
        ? [
            `encryption: ${connection.encryption}`,
            ...(connection.pooler === undefined ? [] : [`a pooler, ${connection.pooler} mode`]),
          ]
        : [];
    lines.push(['database', [connection.server, ...who, ...team, ...way].join(', ')]);
  }
  if (embedded !== undefined) {
    const free = embedded.freeBytes === undefined ? '' : `, ${sizeOf(embedded.freeBytes)} free on its disk`;
    lines.push([
      connection === undefined ? 'database' : '',
      embedded.isThere
        ? `in ${embedded.folder}, ${sizeOf(embedded.bytes)}${free}`
        : `embedded, none yet in ${embedded.folder}: the first upload makes it`,
    ]);
  }
  if (schema !== undefined)
    lines.push(['schema', `version ${schema.applied} of ${schema.known}, in ${schema.name}`]);
  if (months !== undefined && months.length > 0) {
    const starts = months.map(({ from }) => from.getTime());
    const ahead = Math.max(0, monthsBetween(now, new Date(Math.max(...starts))));
    lines.push([
      'months',
      `${monthOf(new Date(Math.min(...starts)))} to ${monthOf(new Date(Math.max(...starts)))}, ${ahead} ahead`,
    ]);
  }
  if (connection !== undefined) {
    const grows = growth.bytesPerMonth > 0 ? `, grows ${sizeOf(growth.bytesPerMonth)} a month` : '';
    const full =
      facts.diskBytes === undefined
        ? ''
        : growth.fullInMonths === undefined
          ? `; ${sizeOf(facts.diskBytes)} last for more than ten years`
          : `; ${sizeOf(facts.diskBytes)} are full in ${growth.fullInMonths} months`;
    lines.push(['size', `${sizeOf(connection.bytes)}${grows}${full}`]);
    for (const { table, bytes } of (tables ?? []).slice(0, 4)) {
      const monthly = growth.tables[table] ?? 0;
      lines.push([
        '',
        `${sizeOf(bytes).padStart(9)}  ${table}${monthly > 0 ? `, ${sizeOf(monthly)} a month` : ''}`,
      ]);
    }
    const unused = (indexes ?? []).filter(({ scans }) => scans === 0);
    if (indexes !== undefined)
      lines.push([
        'indexes',
        `${indexes.length}, ${sizeOf(sum(indexes))}; never used ${unused.length}, ${sizeOf(sum(unused))}`,
      ]);
    lines.push([
      'clock',
      `${(Math.abs(connection.clockOffsetMs) / 1000).toFixed(1)} s from the database\u2019s`,
    ]);
  }
  const latest = (jobs ?? []).slice(0, 8);
  for (const [index, job] of latest.entries())
    lines.push([index === 0 ? 'last runs' : '', `${timeOf(job.last)}  ${jobOf(job)}`]);
  if (jobs !== undefined && jobs.length > latest.length)
    lines.push(['', `${count(jobs.length - latest.length, 'more job')}: --json`]);
  if (jobs !== undefined && jobs.length === 0)
    lines.push(['last runs', 'none of a CI job in the last 60 days']);
  return lines;
}

function surroundingLines({ checkout, reports, token, isInActions }: HealthFacts): Line[] {
  const lines: Line[] = [];
  if (checkout !== undefined) {
    const { gitSha, gitBranch, repository, isInRepository, ciSystem, jobName, remarks } = checkout;
    lines.push([
      'git',
      gitSha === undefined
        ? isInRepository
          ? 'no commit yet'
          : 'no repository here'
        : `${gitBranch ?? 'detached'} @ ${gitSha.slice(0, 8)}${repository === undefined ? '' : ` of ${repository}`}`,
    ]);
    lines.push([
      'ci',
      ciSystem === undefined
        ? 'none: not in a job'
        : `${ciSystem}${jobName === undefined ? '' : `, ${jobName}`}`,
    ]);
    for (const remark of remarks) lines.push(['', remark]);
  }
  for (const [index, { name, tests }] of reports.slice(0, 8).entries())
    lines.push([index === 0 ? 'report' : '', `${name}, ${tests} ${tests === 1 ? 'element' : 'elements'}`]);
  if (reports.length === 0) lines.push(['report', 'none read; name one: lukhas doctor results.xml']);
  if (isInActions)
    lines.push([
      'token',
      token === undefined
        ? 'not looked at: GITHUB_TOKEN is not set in this step, or GitHub did not answer'
        : token.mayComment === true
          ? 'may comment on pull requests'
          : token.mayComment === false
            ? 'may not comment on pull requests'
            : 'is taken by GitHub; no pull request here to try more',
    ]);
  return lines;
}

/** The same for programs. */
export function healthJson(
  facts: HealthFacts,
  findings: readonly Finding[],
  growth: Growth,
): Record<string, unknown> {
  const { database, embedded, checkout, reports, token, diskBytes } = facts;
  const { connection, schema, months, tables, indexes, jobs, damage } = database;
  return {
    well: findings.length === 0,
    findings: findings.map((finding) => wordsOf(finding)),
    connection: connection && {
      server: connection.server,
      login: connection.login,
      privilege: connection.privilege,
      team: connection.team,
      encryption: connection.encryption,
      pooler: connection.pooler,
      clock_offset_ms: Math.round(connection.clockOffsetMs),
      bytes: connection.bytes,
    },
    embedded: embedded && {
      folder: embedded.folder,
      exists: embedded.isThere,
      bytes: embedded.bytes,
      free_bytes: embedded.freeBytes,
    },
    schema: schema && { name: schema.name, version: schema.applied, program_version: schema.known },
    not_as_made: damage && [...damage.lost, ...damage.slower],
    to_repair: damage?.mendable,
    growth: {
      bytes_per_month: Math.round(growth.bytesPerMonth),
      tables: growth.tables,
      disk_bytes: diskBytes,
      full_in_months: growth.fullInMonths,
    },
    months: months?.map(({ table, partition, from, until, bytes }) => ({
      table,
      partition,
      from,
      until,
      bytes,
    })),
    tables: tables?.map((table: TableFacts) => ({
      table: table.table,
      bytes: table.bytes,
      dead_rows: table.deadRows,
      live_rows: table.liveRows,
    })),
    indexes: indexes?.map((index: IndexFacts) => ({
      index: index.index,
      table: index.table,
      scans: index.scans,
      bytes: index.bytes,
      needed_bytes: index.neededBytes,
    })),
    jobs: jobs?.map((job: JobFacts) => ({
      team: job.team,
      repository: job.repository,
      job: job.jobName,
      lane: job.lane,
      days: job.days,
      last_run: job.last,
    })),
    checkout: checkout && {
      ci_system: checkout.ciSystem,
      repository: checkout.repository,
      git_sha: checkout.gitSha,
      git_branch: checkout.gitBranch,
      job: checkout.jobName,
    },
    reports: reports.map(({ name, tests }) => ({ name, elements: tests })),
    token: token && { may_comment: token.mayComment },
  };
}

function jobOf({ team, repository, jobName, lane }: JobFacts): string {
  const name = [jobName ?? 'a job without a name', ...(lane === undefined ? [] : [`lane ${lane}`])].join(
    ', ',
  );
  return `${name} of ${repository ?? 'no repository'} (team ${team})`;
}

function some(parts: readonly string[]): string {
  return `${parts.slice(0, 4).join(', ')}${parts.length > 4 ? `, and ${parts.length - 4} more` : ''}`;
}

function sum(indexes: readonly IndexFacts[]): number {
  return indexes.reduce((total, { bytes }) => total + bytes, 0);
}

/** `1.2 GB`; decimal units, as disks have them. */
export function sizeOf(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit === 0 ? Math.round(value) : value.toPrecision(value < 9.95 ? 2 : 3)} ${units[unit]}`;
}

function days(count: number): string {
  if (count < 1.5) return 'day';
  return `${Math.round(count)} days`;
}

function spanOf(ms: number): string {
  const minutes = ms / 60_000;
  if (minutes < 120) return `${Math.round(minutes)} minutes`;
  return minutes < 2880 ? `${Math.round(minutes / 60)} hours` : `${Math.round(minutes / 1440)} days`;
}

function monthOf(date: Date): string {
  return date.toISOString().slice(0, 7);
}

function timeOf(date: Date): string {
  return date.toISOString().slice(0, 16).replace('T', ' ');
}

function monthsBetween(from: Date, to: Date): number {
  return (to.getUTCFullYear() - from.getUTCFullYear()) * 12 + to.getUTCMonth() - from.getUTCMonth();
}
