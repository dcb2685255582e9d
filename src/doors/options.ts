// The options that several commands share.
import { choice, flag, text, under } from './arguments.ts';

/** Where the database is. */
export const database = () =>
  under('Database', {
    databaseUrl: text(
      '--database-url <url>',
      'or DATABASE_URL; absent: the embedded database',
      'DATABASE_URL',
    ),
    dataDir: text(
      '--data-dir <dir>',
      'or LUKHAS_DATA_DIR; where the embedded database lives',
      'LUKHAS_DATA_DIR',
    ),
    sslCa: text(
      '--ssl-ca <file | PEM>',
      'or LUKHAS_SSL_CA; the certificate authority of the database server',
      'LUKHAS_SSL_CA',
    ),
  });

export const team = (about: string) => text('--team <slug>', `or LUKHAS_TEAM; ${about}`, 'LUKHAS_TEAM');

/** process.ts reads the colours before anything else is read; here they are for the help. */
export const color = () =>
  under('Output', {
    color: choice(
      '--color <when>',
      'when to print colors; auto: as NO_COLOR or FORCE_COLOR says, else on a terminal and in the log of GitHub Actions',
      ['auto', 'always', 'never'],
      'auto',
    ),
    noColor: flag('--no-color', 'as --color never'),
  });

/** What every command of `lukhas` prints, and how. */
export const output = () => ({
  ...under('Output', { json: flag('--json', 'one JSON object on standard output') }),
  ...color(),
});
