// What `lukhas <command>` does once its words are understood: calls the store and says what became of it. No SQL here.

import type { Connect, Database } from '../../store/database/port.ts';
import { defaultRole, describeSession, type Grant, grantUploads } from '../../store/schema/access.ts';
import { migrate } from '../../store/schema/migrate.ts';
import { describePartitions, ensurePartitions, type PartitionState } from '../../store/schema/partitions.ts';
import { newerDatabase, olderDatabase, readSchemaState } from '../../store/schema/state.ts';
import { addTeam, checkSlug, listTeams, localTeamSlug } from '../../store/schema/teams.ts';
import { safeLine, type Terminal } from '../../tell/terminal/terminal.ts';
import { usage } from '../arguments.ts';
import { type ExitCode, exitCodes } from '../process.ts';

/** Where the database is. */
export interface ConnectionSettings {
  readonly databaseUrl: string | undefined;
  readonly dataDir: string;
  readonly sslCa: string | undefined;
}

export interface CommandSettings extends ConnectionSettings {
  readonly team: string | undefined;
  readonly role: string | undefined;
  readonly name: string | undefined;
  readonly newPassword: boolean;
  readonly monthsAhead: string | undefined;
  /** What follows the command itself. */
  readonly words: readonly string[];
}

interface Telling {
  readonly terminal: Terminal;
  readonly json: boolean;
}

/** What a command has to say: lines for people, one object for programs. */
interface Answer {
  readonly lines: readonly string[];
  readonly json: Record<string, unknown>;
}

/** Administrators' statements may wait for locks longer than an upload's. */
const adminStallMs = 300_000;
/** A step of a migration may be at work for hours without a word. */
const migratingStallMs = 7 * 86_400_000;

/** What a migration needs beside its own connection. */
interface Beside {
  /** Opens a further connection to the server; undefined for the embedded database, which has one only. */
  readonly connect: Connect | undefined;
  /** Says on standard error what takes its time. */
  readonly say: (message: string) => void;
}

const commands: Readonly<
  Record<string, (db: Database, settings: CommandSettings, beside: Beside) => Promise<Answer>>
> = {
  'db setup': setup,
  'db migrate': migrateSchema,
  'db status': status,
  'db partitions': makePartitions,
  'db grant': grant,
  'team add': addOneTeam,
  'team list': listAllTeams,
};

/** Runs one of the commands above; the embedded database is brought up to date on the way. */
export async function runCommand(
  name: string,
  settings: CommandSettings,
  telling: Telling,
): Promise<ExitCode> {
  const command = commands[name];
  if (command === undefined) throw new Error(`no command ${name}`);
  checkSettings(name, settings);
  const migrates = name === 'db setup' || name === 'db migrate';
  const db = await connectAsPerson(settings, telling.terminal, migrates ? migratingStallMs : adminStallMs);
  try {
    const { lines, json } = await command(db, settings, besideOf(settings, telling.terminal));
    if (telling.json) telling.terminal.out(JSON.stringify(json));
    else for (const line of lines) telling.terminal.out(line);
  } finally {
    await db.close();
  }
  return exitCodes.ok;
}

/** What can be wrong with the words themselves is said before anything is connected to. */
function checkSettings(name: string, settings: CommandSettings): void {
  const embedded = settings.databaseUrl === undefined;
  if (name === 'db setup' && !embedded) checkSlug(required(settings.team, '--team <slug>'));
  if (name === 'db grant') {
    if (embedded) {
      throw usage(
        'the embedded database has no logins to grant anything to',
        'Name a server: --database-url or DATABASE_URL.',
      );
    }
    required(settings.team, '--team <slug>');
    required(settings.role, '--role <login>');
  }
  if (name === 'team add') checkSlug(settings.words[0] ?? '');
  if (name === 'db partitions') monthsAheadOf(settings);
}

function required(value: string | undefined, option: string): string {
  if (value === undefined) throw usage(`${option} is missing`);
  return value;
}

/** Opens the server's database or the embedded one, and says on standard error what takes its time. */
export async function connectAsPerson(
  settings: ConnectionSettings,
  terminal: Terminal,
  stallMs = adminStallMs,
): Promise<Database> {
  const say = (message: string): void => terminal.err(terminal.paint.dim(safeLine(message)));
  if (settings.databaseUrl !== undefined) {
    const { openPostgres } = await import('../../store/database/pg.ts');
    return openPostgres(settings.databaseUrl, {
      stallMs,
      sslCa: settings.sslCa,
      onRemark: say,
    });
  }
  const { openEmbedded } = await import('../../store/schema/embedded.ts');
  return openEmbedded(settings.dataDir, { onMessage: say });
}

function besideOf(settings: ConnectionSettings, terminal: Terminal): Beside {
  const { databaseUrl, sslCa } = settings;
  return {
    connect:
      databaseUrl === undefined
        ? undefined
        : async (limits) => {
            const { openPostgres } = await import('../../store/database/pg.ts');
            return openPostgres(databaseUrl, { sslCa, ...limits });
          },
    say: (message) => terminal.err(terminal.paint.dim(safeLine(message))),
  };
}

async function setup(db: Database, settings: CommandSettings, { connect, say }: Beside): Promise<Answer> {
  const migrated = await migrate(db, { connect, onWait: say });
  const made = await ensurePartitions(db, { monthsAhead: 2, monthsBack: 1 });
  const slug = settings.team ?? localTeamSlug;
  const team = await addTeam(db, { slug });
  const lines = [
    row('schema', migrated.length === 0 ? 'up to date' : `${migrated.length} migrations applied`),
    row('months', made.length === 0 ? 'all there' : `${made.length} partitions made`),
    row('team', team.added ? `${slug} added` : `${slug} is there`),
  ];
  const json = { migrated, partitions: made, team: slug };
  if (settings.databaseUrl === undefined) {
    return {
      lines: [
        ...lines,
        '',
        `The embedded database in ${settings.dataDir} needs no credential: lukhas-upload results.xml${settings.team === undefined || settings.team === localTeamSlug ? '' : ` --team ${slug}`}`,
      ],
      json: { ...json, role: null, database_url: null },
    };
  }
  const granted = await grantUploads(db, {
    teamSlug: slug,
    role: settings.role ?? defaultRole(slug),
    adminUrl: settings.databaseUrl,
  });
  return {
    lines: [...lines, ...grantLines(granted), '', ...workflowLines(settings.sslCa !== undefined)],
    json: { ...json, ...grantJson(granted) },
  };
}

async function migrateSchema(db: Database, _: CommandSettings, { connect, say }: Beside): Promise<Answer> {
  const migrated = await migrate(db, { connect, onWait: say });
  const state = await readSchemaState(db);
  return {
    lines: [
      ...migrated.map((name) => row('applied', name)),
      row('schema', `version ${state.applied} of ${state.known}, in ${safeLine(state.schema)}`),
    ],
    json: { migrated, schema_version: state.applied, program_version: state.known, schema: state.schema },
  };
}

async function status(db: Database): Promise<Answer> {
  const state = await readSchemaState(db);
  const session = await describeSession(db, state.applied === 0 ? undefined : state.schema);
  const ready = state.applied >= state.known && !state.refused;
  const partitions = ready ? await describePartitions(db) : [];
  const advice = state.refused ? newerDatabase(state) : ready ? undefined : olderDatabase(state);
  return {
    lines: [
      row('server', safeLine(session.server)),
      row(
        'login',
        `${safeLine(session.role)}${session.privilege === undefined ? '' : `, ${session.privilege}`}`,
      ),
      ...(session.team === undefined ? [] : [row('team', safeLine(session.team))]),
      row('schema', `version ${state.applied} of ${state.known}, in ${safeLine(state.schema)}`),
      ...partitions.map((table) => row(table.table, monthsOf(table))),
      ...(state.stepsDone === 0
        ? []
        : [
            row(
              '',
              `migration ${state.applied + 1} is under way or was interrupted: ${state.stepsDone} steps of it are done`,
            ),
          ]),
      ...(advice?.fix === undefined ? [] : ['', advice.fix]),
    ],
    json: {
      server: session.server,
      login: session.role,
      privilege: session.privilege ?? null,
      team: session.team ?? null,
      schema: state.schema,
      schema_version: state.applied,
      program_version: state.known,
      partitions: partitions.map((table) => ({
        table: table.table,
        count: table.partitions,
        from: table.from?.toISOString() ?? null,
        until: table.until?.toISOString() ?? null,
      })),
    },
  };
}

function monthsOf(table: PartitionState): string {
  if (table.from === undefined || table.until === undefined) return 'no partitions';
  const last = new Date(table.until.getTime() - 1);
  return `${table.partitions} months, ${monthOf(table.from)} to ${monthOf(last)}`;
}

function monthOf(date: Date): string {
  return date.toISOString().slice(0, 7);
}

async function makePartitions(db: Database, settings: CommandSettings): Promise<Answer> {
  const made = await ensurePartitions(db, { monthsAhead: monthsAheadOf(settings) });
  const state = await describePartitions(db);
  return {
    lines: [
      row('made', made.length === 0 ? 'nothing: all months are there' : made.map(safeLine).join(' ')),
      ...state.map((table) => row(table.table, monthsOf(table))),
    ],
    json: { partitions: made },
  };
}

function monthsAheadOf(settings: CommandSettings): number {
  const months = Number(settings.monthsAhead ?? '2');
  if (!Number.isInteger(months) || months < 0 || months > 24) {
    throw usage('--months-ahead takes a whole number from 0 to 24');
  }
  return months;
}

async function grant(db: Database, settings: CommandSettings): Promise<Answer> {
  const granted = await grantUploads(db, {
    teamSlug: required(settings.team, '--team <slug>'),
    role: required(settings.role, '--role <login>'),
    adminUrl: required(settings.databaseUrl, '--database-url <url>'),
    newPassword: settings.newPassword,
  });
  return { lines: [row('team', granted.team.slug), ...grantLines(granted)], json: grantJson(granted) };
}

function grantLines(granted: Grant): string[] {
  if (!granted.passwordIsNew) {
    return [
      row('login', `${granted.role} is there and keeps its password`),
      '',
      `Lost it? lukhas db grant --team ${granted.team.slug} --role ${granted.role} --new-password`,
    ];
  }
  return [
    row('login', `${granted.role}, bound to ${granted.team.slug}`),
    '',
    'Its connection string, shown only now; keep it as the CI secret DATABASE_URL:',
    '',
    granted.databaseUrl,
  ];
}

function grantJson(granted: Grant): Record<string, unknown> {
  return {
    team: granted.team.slug,
    role: granted.role,
    database_url: granted.passwordIsNew ? granted.databaseUrl : null,
  };
}

function workflowLines(privateAuthority: boolean): string[] {
  return [
    'A step for .github/workflows, after the one that runs pytest --junitxml=results.xml:',
    '',
    '      - uses: lukhas/ingest@v1',
    '        if: always()',
    '        with:',
    '          reports: results.xml',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: GitHub's own expression syntax
    '          database-url: ${{ secrets.DATABASE_URL }}',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: GitHub's own expression syntax
    ...(privateAuthority ? ['          ssl-ca: ${{ vars.LUKHAS_SSL_CA }}'] : []),
  ];
}

async function addOneTeam(db: Database, settings: CommandSettings): Promise<Answer> {
  const team = await addTeam(db, { slug: settings.words[0] ?? '', name: settings.name });
  return {
    lines: [row('team', team.added ? `${team.slug} added` : `${team.slug} is there already`)],
    json: { team: team.slug, id: team.id, added: team.added },
  };
}

async function listAllTeams(db: Database): Promise<Answer> {
  const teams = await listTeams(db);
  const width = Math.max(4, ...teams.map((team) => team.slug.length));
  return {
    lines:
      teams.length === 0
        ? ['no teams yet: lukhas team add <slug>']
        : teams.map(
            (team) =>
              `${team.slug.padEnd(width)}  ${team.createdAt.toISOString().slice(0, 10)}  ${safeLine(team.name)}${
                team.roles.length === 0 ? '' : `  (logins: ${team.roles.map(safeLine).join(', ')})`
              }`,
          ),
    json: {
      teams: teams.map((team) => ({
        slug: team.slug,
        name: team.name,
        id: team.id,
        created_at: team.createdAt.toISOString(),
        roles: team.roles,
      })),
    },
  };
}

function row(name: string, value: string): string {
  return `${name.padEnd(14)}${value}`;
}
