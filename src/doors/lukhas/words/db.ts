// `lukhas db …`
import { command, flag, list, number, text } from '../../arguments.ts';
import { database, output, team } from '../../options.ts';

const administrator = "Takes an administrator's connection";

export const dbCommands = () => ({
  setup: command({
    summary: 'from an empty database to a credential for CI: schema, months, team, login',
    details: `${administrator}: a superuser, or the database's owner with CREATEROLE. Prints the connection string of the new login once, and a workflow to paste. Run again it changes nothing that is there.`,
    usage: '--team <slug> [options]',
    options: {
      team: team('the team to add; the embedded database has its own'),
      role: text('--role <login>', 'the login to make; default: lukhas_ci_<team>'),
      ...database(),
      ...output(),
    },
    examples: [
      'lukhas db setup --team payments --database-url postgres://postgres:secret@db.example.com/lukhas',
      `url=$(lukhas db setup --team payments --json | jq -er '.database_url // empty') && printf %s "$url" | gh secret set DATABASE_URL`,
    ],
    run: async (options, _, terminal) => (await import('../db.ts')).setup(options, terminal),
  }),
  migrate: command({
    summary: 'bring the schema up to date',
    details: `${administrator}. Forward only, one transaction a migration, safe to run from many jobs at once.`,
    options: { ...database(), ...output() },
    examples: ['DATABASE_URL=postgres://postgres:secret@db.example.com/lukhas lukhas db migrate'],
    run: async (options, _, terminal) => (await import('../db.ts')).migrateSchema(options, terminal),
  }),
  status: command({
    summary: 'show schema version, login, team and months',
    // The team is the login's; --team is taken because scripts give it to every command.
    options: { team: team('not needed: a login tells its team'), ...database(), ...output() },
    examples: ['lukhas db status', 'lukhas db status --json | jq .schema_version'],
    run: async (options, _, terminal) => (await import('../db.ts')).status(options, terminal),
  }),
  partitions: command({
    summary: 'make the partitions of the months ahead',
    details:
      'Uploads make the month they need themselves; this makes more of them, for instance from a monthly job.',
    options: {
      monthsAhead: number('--months-ahead <number>', 'how many months, 0 to 24; default 2', {
        from: 0,
        to: 24,
        whole: true,
      }),
      ...database(),
      ...output(),
    },
    examples: ['lukhas db partitions --months-ahead 12'],
    run: async (options, _, terminal) => (await import('../db.ts')).makePartitions(options, terminal),
  }),
  retain: command({
    summary: 'let months and rows go that are past their time, and keep monthly sums of them',
    details: `${administrator}. Runs are kept for 3 years, results and coverage for 1, reviews for 6 months, sessions for 7 days after they end; memories below 0.5 that nobody used for 6 months are retired. Before a month of results or coverage goes, its sums are kept. Uploads go on meanwhile. What was interrupted goes on with the next call.`,
    options: {
      dryRun: flag('--dry-run', 'only say what would go'),
      tables: list('--table <name...>', 'only these tables', (word) => /^[a-z_]+$/.test(word)),
      keep: list(
        '--keep <table=time...>',
        "keep a table's rows for another time: 'test_results=18 months', or forever",
        (word) => word.includes('='),
      ),
      yes: flag('--yes', 'do not ask; needed where nobody can answer'),
      ...database(),
      ...output(),
    },
    examples: [
      'lukhas db retain --dry-run',
      "lukhas db retain --keep 'test_results=18 months' --yes",
      "lukhas db retain --table sessions --yes --json | jq '.rows[].rows'",
    ],
    run: async (options, _, terminal) => (await import('../keep.ts')).retain(options, terminal),
  }),
  backup: command({
    summary: 'write a backup: a dump, the roles it speaks of, and a manifest of what it holds',
    details: `${administrator}, and pg_dump of the server's own major version. All of one moment, beside uploads. No password is in it. Of the embedded database its files are dumped. Written aside and renamed when whole; only you can read it.`,
    words: '<file>',
    usage: '<file> [options]',
    options: {
      force: flag('--force', 'replace a backup of that name'),
      ...database(),
      ...output(),
    },
    examples: [
      'lukhas db backup lukhas.dump --database-url postgres://postgres:secret@db.example.com/lukhas',
      'lukhas db backup "lukhas-$(date +%F).dump" && lukhas db verify-backup "lukhas-$(date +%F).dump"',
    ],
    run: async (options, [file = ''], terminal) =>
      (await import('../backup.ts')).backup(options, file, terminal),
  }),
  'verify-backup': command({
    summary: 'restore a backup into a database to throw away, and compare it with its manifest',
    details:
      "Row counts, partitions, policies, rights, indexes, sequences, the schema, and the schema document's eight questions asked by teams' own logins. Without --server a PostgreSQL server is started here for it and removed again; on one that is named a database of a random name, which is dropped.",
    words: '<file>',
    usage: '<file> [options]',
    options: {
      server: text(
        '--server <url>',
        "or LUKHAS_SCRATCH_URL; a superuser's URL of a server to restore into; absent: one is made here",
        'LUKHAS_SCRATCH_URL',
      ),
      sslCa: text(
        '--ssl-ca <file | PEM>',
        'or LUKHAS_SSL_CA; the certificate authority of that server',
        'LUKHAS_SSL_CA',
      ),
      ...output(),
    },
    examples: [
      'lukhas db verify-backup lukhas.dump',
      'lukhas db verify-backup lukhas.dump --server postgres://postgres:secret@localhost/postgres',
    ],
    closing:
      'Exit codes: 0 the backup is whole; 1 a bug of ours; 2 usage, or no backup of this program; 3 the server refused; 4 the backup is damaged.',
    run: async (options, [file = ''], terminal) =>
      (await import('../backup.ts')).verify(options, file, terminal),
  }),
  resign: command({
    summary: 'sign memories again after a new version of a signature',
    details: `${administrator}. Memories of all teams, and shared ones, whose signature is of an older version are signed by the words and the statement that they keep. Those that keep none stay as they are, and are counted. Safe beside uploads; run again it goes on where it was cut off.`,
    options: { ...database(), ...output() },
    examples: ['lukhas db resign', 'lukhas db resign --json | jq .old'],
    run: async (options, _, terminal) => (await import('../db.ts')).resign(options, terminal),
  }),
  grant: command({
    summary: 'make a login that may upload for one team, and print its connection string once',
    details:
      "A login works for one team and can neither read nor write another's rows, whatever it sets. A login that exists keeps its password unless --new-password is given. With --read-only it may select its team's rows and nothing else, for instance for Grafana; after an upgrade the same command again lets it read new tables.",
    usage: '--team <slug> --role <login> [options]',
    options: {
      team: team('the team the login uploads for'),
      role: text('--role <login>', 'the login; made where it is missing'),
      readOnly: flag('--read-only', 'a login that can only read its team’s rows: no upload, no people'),
      newPassword: flag('--new-password', 'give a login that exists a new password'),
      ...database(),
      ...output(),
    },
    examples: [
      'lukhas db grant --team payments --role payments_ci',
      'lukhas db grant --team payments --role payments_ci --new-password --json | jq -r .database_url',
      'lukhas db grant --team payments --role payments_grafana --read-only',
    ],
    run: async (options, _, terminal) => (await import('../db.ts')).grant(options, terminal),
  }),
  revoke: command({
    summary: 'take a login its team: it sees and writes nothing any more',
    details: `${administrator}. What it has uploaded stays. The login itself stays, too, because roles belong to the whole server, unless --drop-login is given.`,
    usage: '--team <slug> --role <login> [options]',
    options: {
      team: team('the team the login uploads for'),
      role: text('--role <login>', 'the login'),
      dropLogin: flag('--drop-login', 'drop the login from the server'),
      ...database(),
      ...output(),
    },
    examples: [
      'lukhas db revoke --team payments --role payments_ci',
      'lukhas db revoke --team payments --role payments_ci --drop-login',
    ],
    run: async (options, _, terminal) => (await import('../db.ts')).revoke(options, terminal),
  }),
});
