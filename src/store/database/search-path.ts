// How a transaction begins: where its unqualified names are looked up, and how values are written as text. A login can make temporary tables, and schemas, functions and operators
// before ours, in a session that a pooler hands on: without this they would stand in for our own.

/** SQL that a transaction begins with; made here only, so that no transaction goes without a search_path of ours. */
export type Begin = string & { readonly made: 'search-path' };

/** As PostgreSQL has them: a database or role may have others, by which dates, numbers and SQL itself read differently. */
const asUsual = [
  `SET LOCAL datestyle = 'ISO, MDY'`,
  'SET LOCAL standard_conforming_strings = on',
  'SET LOCAL extra_float_digits = 1',
].join('; ');

/**
 * The server compiles (LLVM) a statement that it expects to take long. It expects that of statements with many LATERAL subqueries,
 * and compiling those takes several times as long as running them.
 */
const uncompiled = 'SET LOCAL jit = off';

/** Our schema, then nothing but pg_temp: pg_catalog comes before both, and temporary objects last. */
export function beginIn(schema: string, ...more: readonly string[]): Begin {
  const path = `SET LOCAL search_path = ${quoteName(schema)}, pg_temp`;
  return [path, asUsual, uncompiled, ...more].join('; ') as Begin;
}

/**
 * The system's catalogue alone: for looking at a database whose schema is not known yet. The schemas of the session's own
 * search_path are then in the setting `lukhas.schemas`, as an array.
 */
export function beginInCatalog(...more: readonly string[]): Begin {
  return [
    `SELECT pg_catalog.set_config('lukhas.schemas', pg_catalog.current_schemas(false)::pg_catalog.text, true)`,
    'SET LOCAL search_path = pg_catalog, pg_temp',
    asUsual,
    ...more,
  ].join('; ') as Begin;
}

/** The same, and more statements in the same message. */
export function andThen(begin: Begin, ...more: readonly string[]): Begin {
  return [begin, ...more].join('; ') as Begin;
}

/** The same for a reading transaction: a server that takes longer over one statement would look frozen. */
export function withTimeout(begin: Begin, stallMs: number): Begin {
  return andThen(begin, `SET LOCAL statement_timeout = ${Math.round(stallMs * 0.9)}`);
}

/** An identifier as SQL takes it. */
export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
