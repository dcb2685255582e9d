// A schema's parts in the form that two databases are compared in. Pure.
import { createHash } from 'node:crypto';
import { quoteName } from '../database/search-path.ts';
import type { Catalogue } from './catalogue.ts';

export interface Fingerprints {
  /** What only a migration or a restore can make, by name: the beginning of the SHA-256 of its statement. */
  readonly structure: Readonly<Record<string, string>>;
  /** Statements that make the rest; they can be run again one by one. */
  readonly security: readonly string[];
  readonly owners: readonly string[];
  readonly rights: readonly string[];
}

/** The catalogue of a schema as fingerprints; the schema's own name is left out of them. */
export function fingerprintsOf(catalogue: Catalogue, schema: string): Fingerprints {
  const structure: Record<string, string> = {};
  for (const section of [
    'Tables',
    'Keys and checks',
    'References',
    'Indexes',
    'Functions',
    'Triggers',
  ] as const) {
    for (const statement of catalogue[section]) {
      const text = afterRestore(withoutSchema(statement, schema));
      structure[nameOf(text)] = createHash('sha256').update(text).digest('hex').slice(0, 12);
    }
  }
  return {
    structure,
    security: catalogue['Row-level security'],
    owners: catalogue.Owners,
    rights: catalogue.Rights,
  };
}

/** PostgreSQL writes the check of an IN list in one way where it was made, and in another where its dump was restored. */
function afterRestore(text: string): string {
  return text.replace(
    /\(ARRAY\[([^\]]*)\]\)::text\[\]/g,
    (_, items: string) =>
      `ARRAY[${items
        .split(', ')
        .map((item) => `(${item})::text`)
        .join(', ')}]`,
  );
}

function withoutSchema(text: string, schema: string): string {
  return text
    .replaceAll(`FUNCTION ${schema}.`, 'FUNCTION ')
    .replaceAll(`FUNCTION ${quoteName(schema)}.`, 'FUNCTION ')
    .replaceAll(`search_path TO '${schema.replaceAll("'", "''")}'`, "search_path TO 'ours'");
}

/** `table users`, `constraint users.users_pkey`, `index idx_users_team`, `function attach_month`, `trigger users.forget_person`. */
function nameOf(statement: string): string {
  const table = /^CREATE TABLE (\S+)/.exec(statement);
  if (table !== null) return `table ${table[1]}`;
  const constraint = /^ALTER TABLE (\S+) ADD CONSTRAINT (\S+)/.exec(statement);
  if (constraint !== null) return `constraint ${constraint[1]}.${constraint[2]}`;
  const index = /^CREATE (UNIQUE )?INDEX (\S+)/.exec(statement);
  if (index !== null) return `${index[1] === undefined ? 'index' : 'unique index'} ${index[2]}`;
  const fun = /^CREATE OR REPLACE FUNCTION (\w+|"[^"]+")\(/.exec(statement);
  if (fun !== null) return `function ${fun[1]}`;
  const trigger = /^CREATE TRIGGER (\S+) .*? ON (\S+)/s.exec(statement);
  return `trigger ${trigger?.[2]}.${trigger?.[1]}`;
}
