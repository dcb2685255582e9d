// Actions of `lukhas db`: check the settings, call the store, say what changed. No SQL here.
import { signAgain } from '../../sign/again.ts';
import { driftRule } from '../../sign/drift.ts';
import { wordsRule } from '../../sign/words.ts';
import type { Database } from '../../store/database/port.ts';
import { resignMemories } from '../../store/healix/resign.ts';
import {
  defaultRole,
  describeSession,
  type Grant,
  grantUploads,
  requireLoginMaker,
} from '../../store/schema/access.ts';
import {
  adoptRestored,
  describeDamage,
  findLostLogins,
  type LostLogin,
  mendSchema,
  summarise,
} from '../../store/schema/mend.ts';
import { type MigrateOptions, migrate } from '../../store/schema/migrate.ts';
import { describePartitions, ensurePartitions, type PartitionState } from '../../store/schema/partitions.ts';
import { revokeUploads } from '../../store/schema/revoke.ts';
import { newerDatabase, olderDatabase, readSchemaState } from '../../store/schema/state.ts';
import { addTeam, checkSlug, localTeamSlug } from '../../store/schema/teams.ts';
import { safeLine } from '../../tell/safe.ts';
import type { Terminal } from '../../tell/terminal/terminal.ts';
import { count } from '../../tell/words.ts';
import { usage } from '../arguments.ts';
import { dataDirOf } from '../data-dir.ts';
import type { ExitCode } from '../process.ts';
import { type Answer, answer, type CommandSettings, migratingStallMs, required, row } from './answer.ts';

interface SetupSettings extends CommandSettings {
  readonly team: string | undefined;
  readonly role: string | undefined;
}

export function setup(settings: SetupSettings, terminal: Terminal): Promise<ExitCode> {
  if (settings.databaseUrl !== undefined) checkSlug(required(settings.team, '--team <slug>'));
  return answer(settings, terminal, (db, beside) => setupDatabase(db, settings, beside), migratingStallMs);
}

async function setupDatabase(db: Database, settings: SetupSettings, beside: MigrateOptions): Promise<Answer> {
  if (settings.databaseUrl !== undefined) {
    const role = settings.role ?? defaultRole(required(settings.team, '--team <slug>'));
    await requireLoginMaker(db, role);
  }
  const adopted = await adoptRestored(db, await readSchemaState(db));
  const migrated = await migrate(db, beside);
  const repaired = [...adopted, ...(await mendSchema(db))];
  const made = await ensurePartitions(db, { monthsAhead: 2, monthsBack: 1 });
  const slug = settings.team ?? localTeamSlug;
  const team = await addTeam(db, { slug });
  const lines = [
    row('schema', migrated.length === 0 ? 'up to date' : `${count(migrated.length, 'migration')} applied`),
    ...summarise(repaired).map((line, index) => row(index === 0 ? 'repaired' : '', safeLine(line))),
    row('months', made.length === 0 ? 'all there' : `${count(made.length, 'partition')} made`),
    row('team', team.added ? `${slug} added` : `${slug} is there`),
  ];
  const json = { migrated, repaired, partitions: made, team: slug };
  if (settings.databaseUrl === undefined) {
    return {
      lines: [
        ...lines,
        '',
        `The embedded database in ${dataDirOf(settings)} needs no credential: lukhas-upload results.xml${settings.team === undefined || settings.team === localTeamSlug ? '' : ` --team ${slug}`}`,
      ],
      json: { ...json, role: null, database_url: null },
    };
  }
  const granted = await grantUploads(db, {
    teamSlug: slug,
    role: settings.role ?? defaultRole(slug),
    adminUrl: settings.databaseUrl,
  });
  const { schema } = await readSchemaState(db);
  const lostLogins = await findLostLogins(db, schema);
  return {
    lines: [
      ...lines,
      ...lostLogins.map((login, index) => row(index === 0 ? 'other logins' : '', lostLoginLine(login))),
      ...grantLines(granted),
      '',
      ...workflowLines(settings.sslCa !== undefined),
    ],
    json: { ...json, ...grantJson(granted) },
  };
}

function lostLoginLine({ role, team, why }: LostLogin): string {
  const is = why === 'missing' ? 'does not exist' : 'may neither upload nor read';
  return `${safeLine(role)}, bound to ${safeLine(team)}, ${is}: lukhas db grant --team ${safeLine(team)} --role ${safeLine(role)}, with --read-only if it only read`;
}

export function migrateSchema(settings: CommandSettings, terminal: Terminal): Promise<ExitCode> {
  return answer(
    settings,
    terminal,
    async (db, beside) => {
      const migrated = await migrate(db, beside);
      const state = await readSchemaState(db);
      return {
        lines: [
          ...migrated.map((name) => row('applied', name)),
          row('schema', `version ${state.applied} of ${state.known}, in ${safeLine(state.schema)}`),
        ],
        json: { migrated, schema_version: state.applied, program_version: state.known, schema: state.schema },
      };
    },
    migratingStallMs,
  );
}

export function status(settings: CommandSettings, terminal: Terminal): Promise<ExitCode> {
  return answer(settings, terminal, async (db) => {
    const state = await readSchemaState(db);
    const session = await describeSession(db, state.applied === 0 ? undefined : state.schema);
    const ready = state.applied >= state.known && !state.refused;
    const partitions = ready ? await describePartitions(db) : [];
    const damage = ready || state.restored !== undefined ? await describeDamage(db, state.schema) : undefined;
    const wrong = damage === undefined ? [] : [...damage.lost, ...damage.slower];
    const mendable = [...new Set(damage?.mendable.map(({ name }) => name))];
    const lostLogins = ready && session.owns ? await findLostLogins(db, state.schema) : [];
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
                `migration ${state.applied + 1} was interrupted, or is under way: ${state.stepsDone} steps done`,
              ),
            ]),
        ...wrong.map((part, index) => row(index === 0 ? 'not as made' : '', safeLine(part))),
        ...summarise(mendable).map((line, index) => row(index === 0 ? 'to repair' : '', safeLine(line))),
        ...lostLogins.map((login, index) => row(index === 0 ? 'logins' : '', lostLoginLine(login))),
        ...(advice?.fix === undefined
          ? []
          : ['', ...(state.restored ? [safeLine(advice.message)] : []), advice.fix]),
        ...(advice === undefined && mendable.length > 0
          ? ['', 'An administrator repairs it: lukhas db setup --team <slug>']
          : []),
        ...(wrong.length > 0 ? ['', 'What is missing comes back with a whole dump (docs/restore.md).'] : []),
      ],
      json: {
        server: session.server,
        login: session.role,
        privilege: session.privilege ?? null,
        team: session.team ?? null,
        schema: state.schema,
        schema_version: state.applied,
        program_version: state.known,
        not_as_made: wrong,
        to_repair: mendable,
        partitions: partitions.map((table) => ({
          table: table.table,
          count: table.partitions,
          from: table.from?.toISOString() ?? null,
          until: table.until?.toISOString() ?? null,
        })),
      },
    };
  });
}

function monthsOf(table: PartitionState): string {
  if (table.from === undefined || table.until === undefined) return 'no partitions';
  const last = new Date(table.until.getTime() - 1);
  return `${table.partitions} months, ${monthOf(table.from)} to ${monthOf(last)}`;
}

function monthOf(date: Date): string {
  return date.toISOString().slice(0, 7);
}

export function makePartitions(
  { monthsAhead = 2, ...settings }: CommandSettings & { readonly monthsAhead: number | undefined },
  terminal: Terminal,
): Promise<ExitCode> {
  return answer(settings, terminal, async (db) => {
    const made = await ensurePartitions(db, { monthsAhead });
    const state = await describePartitions(db);
    return {
      lines: [
        row('made', made.length === 0 ? 'nothing: all months are there' : made.map(safeLine).join(' ')),
        ...state.map((table) => row(table.table, monthsOf(table))),
      ],
      json: { partitions: made },
    };
  });
}

/** After a new version of a signature: memories of the old one are signed by what they keep of their failure. */
export function resign(settings: CommandSettings, terminal: Terminal): Promise<ExitCode> {
  const rules = { drift: driftRule, words: wordsRule };
  const versions = { drift: driftRule.version, words: wordsRule.version };
  return answer(settings, terminal, async (db) => {
    const { signed, old } = await resignMemories(db, {
      versions,
      sign: (memory) => signAgain(memory, rules),
    });
    const memories = (count: number) => `${count} ${count === 1 ? 'memory' : 'memories'}`;
    return {
      lines: [
        row('versions', `${versions.drift} and ${versions.words}`),
        row('signed again', signed + old === 0 ? 'nothing: all are of these versions' : memories(signed)),
        ...(old === 0
          ? []
          : [
              row(
                'still old',
                `${memories(old)}: what they were signed from is not kept, so they are similar at best`,
              ),
            ]),
      ],
      json: { drift_version: versions.drift, words_version: versions.words, signed, old },
    };
  });
}

export function grant(
  settings: SetupSettings & { readonly newPassword: boolean; readonly readOnly: boolean },
  terminal: Terminal,
): Promise<ExitCode> {
  if (settings.databaseUrl === undefined) {
    throw usage(
      'the embedded database has no logins to grant anything to',
      'Name a server: --database-url or DATABASE_URL.',
    );
  }
  const wish = {
    teamSlug: required(settings.team, '--team <slug>'),
    role: required(settings.role, '--role <login>'),
    adminUrl: settings.databaseUrl,
    newPassword: settings.newPassword,
    readOnly: settings.readOnly,
  };
  return answer(settings, terminal, async (db) => {
    const granted = await grantUploads(db, wish);
    return {
      lines: [row('team', granted.team.slug), ...grantLines(granted, settings.readOnly)],
      json: { ...grantJson(granted), read_only: settings.readOnly },
    };
  });
}

export function revoke(
  settings: SetupSettings & { readonly dropLogin: boolean },
  terminal: Terminal,
): Promise<ExitCode> {
  if (settings.databaseUrl === undefined) {
    throw usage(
      'the embedded database has no logins to take anything from',
      'Name a server: --database-url or DATABASE_URL.',
    );
  }
  const wish = {
    teamSlug: required(settings.team, '--team <slug>'),
    role: required(settings.role, '--role <login>'),
    dropLogin: settings.dropLogin,
  };
  return answer(settings, terminal, async (db) => {
    const { role, team, dropped } = await revokeUploads(db, wish);
    return {
      lines: [
        row('team', team.slug),
        row('login', `${role} is bound to no team any more${dropped ? ', and dropped' : ''}`),
      ],
      json: { team: team.slug, role, dropped },
    };
  });
}

function grantLines(granted: Grant, readOnly = false): string[] {
  if (!granted.passwordIsNew) {
    return [
      row('login', `${granted.role} is there and keeps its password`),
      '',
      `Lost it? lukhas db grant --team ${granted.team.slug} --role ${granted.role} ${readOnly ? '--read-only ' : ''}--new-password`,
    ];
  }
  return [
    row('login', `${granted.role}, bound to ${granted.team.slug}${readOnly ? ', which only reads' : ''}`),
    '',
    readOnly
      ? 'Its connection string, shown only now:'
      : 'Its connection string, shown only now; keep it as the CI secret DATABASE_URL:',
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
    // biome-ignore lint/suspicious/noTemplateCurlyInString: GitHub's own expression syntax
    '        if: ${{ !cancelled() }}',
    '        with:',
    '          reports: results.xml',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: GitHub's own expression syntax
    '          database-url: ${{ secrets.DATABASE_URL }}',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: GitHub's own expression syntax
    ...(privateAuthority ? ['          ssl-ca: ${{ vars.LUKHAS_SSL_CA }}'] : []),
  ];
}
