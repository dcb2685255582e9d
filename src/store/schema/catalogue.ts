// A database's schema as SQL that loads, read from the catalogues in one stable order: for people to read (docs/schema.sql), and to
// compare a database with what the migrations make. The same words on every major version. Partitions are left out: they come and
// go with time.
type Query = (sql: string) => Promise<Record<string, unknown>[]>;

/** Parts of the schema by section: each a statement that makes it. */
export type Catalogue = Readonly<Record<Section, readonly string[]>>;
export type Section = (typeof sections)[number][0];

/** Tables, indexes, functions, triggers, policies, owners and rights in the connection's current schema. */
export async function readCatalogue(query: Query): Promise<Catalogue> {
  const parts: Partial<Record<Section, string[]>> = {};
  for (const [title, sql] of sections) parts[title] = (await query(sql)).map((row) => String(row.text));
  return parts as Catalogue;
}

/** The same as one text. */
export async function dumpSchema(query: Query): Promise<string> {
  const catalogue = await readCatalogue(query);
  let dump = header;
  for (const [title] of sections) dump += `\n-- ${title}\n\n${catalogue[title].join('\n')}\n`;
  return dump;
}

const header = `-- The schema as the migrations leave it, without the partitions. Made by \`npm run dump:schema\`, compared by a test.
-- For reading: databases are made by \`lukhas db setup\`, which runs src/store/schema/migrations.
`;

const ours = `c.relnamespace = quote_ident(current_schema())::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition`;

const tableSql = `
  SELECT format(E'CREATE TABLE %I (\\n%s\\n)%s;\\n', c.relname,
    string_agg(format('  %I %s%s%s', a.attname, format_type(a.atttypid, a.atttypmod),
      CASE WHEN a.attgenerated = 's' THEN ' GENERATED ALWAYS AS (' || pg_get_expr(d.adbin, d.adrelid) || ') STORED'
           WHEN d.adbin IS NOT NULL THEN ' DEFAULT ' || pg_get_expr(d.adbin, d.adrelid) ELSE '' END,
      CASE WHEN a.attnotnull THEN ' NOT NULL' ELSE '' END), E',\\n' ORDER BY a.attnum),
    CASE WHEN c.relkind = 'p' THEN ' PARTITION BY ' || pg_get_partkeydef(c.oid) ELSE '' END) AS text
  FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
  LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
  WHERE ${ours} GROUP BY c.oid, c.relname, c.relkind ORDER BY c.relname`;

const constraintSql = (which: string): string => `
  SELECT format('ALTER TABLE %I ADD CONSTRAINT %I %s;', c.relname, con.conname, pg_get_constraintdef(con.oid)) AS text
  FROM pg_constraint con JOIN pg_class c ON c.oid = con.conrelid
  WHERE ${ours} AND con.conparentid = 0 AND con.contype IN ('p', 'u', 'c', 'f') AND ${which}
  ORDER BY c.relname, con.contype, con.conname`;

const indexSql = `
  SELECT replace(replace(pg_get_indexdef(i.indexrelid), ' ON ONLY ', ' ON '), ' ON ' || quote_ident(current_schema()) || '.', ' ON ') || ';' AS text
  FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_class x ON x.oid = i.indexrelid
  WHERE ${ours} AND NOT EXISTS (SELECT FROM pg_constraint con WHERE con.conindid = i.indexrelid AND con.contype IN ('p', 'u'))
  ORDER BY x.relname`;

const functionSql = `
  SELECT rtrim(pg_get_functiondef(p.oid), E'\\n') || E';\\n' AS text
  FROM pg_proc p WHERE p.pronamespace = quote_ident(current_schema())::regnamespace AND p.prokind <> 'a' ORDER BY p.proname, p.oid::regprocedure::text`;

const triggerSql = `
  SELECT replace(pg_get_triggerdef(t.oid), ' ON ' || quote_ident(current_schema()) || '.', ' ON ') || ';' AS text FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
  WHERE ${ours} AND NOT t.tgisinternal ORDER BY c.relname, t.tgname`;

const policySql = `
  SELECT text FROM (
    SELECT c.relname AS name, '' AS policy, format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY;', c.relname) AS text
    FROM pg_class c WHERE ${ours} AND c.relrowsecurity
    UNION ALL
    SELECT p.tablename, p.policyname, format('CREATE POLICY %I ON %I FOR %s%s%s%s;', p.policyname, p.tablename, p.cmd,
      CASE WHEN p.roles = '{public}' THEN '' ELSE ' TO ' || array_to_string(p.roles, ', ') END,
      coalesce(' USING ' || CASE WHEN p.qual LIKE '(%' THEN p.qual ELSE '(' || p.qual || ')' END, ''),
      coalesce(' WITH CHECK (' || p.with_check || ')', ''))
    FROM pg_policies p WHERE p.schemaname = current_schema()
  ) AS policies ORDER BY name, policy`;

const ownerSql = `
  SELECT text FROM (
    SELECT 1 AS place, c.relname::text AS name, format('ALTER TABLE %I OWNER TO %I;', c.relname, pg_get_userbyid(c.relowner)) AS text
    FROM pg_class c WHERE ${ours}
    UNION ALL
    SELECT 2, p.oid::regprocedure::text, format('ALTER FUNCTION %s OWNER TO %I;', p.oid::regprocedure, pg_get_userbyid(p.proowner))
    FROM pg_proc p WHERE p.pronamespace = quote_ident(current_schema())::regnamespace
  ) AS owners ORDER BY place, name`;

// What PUBLIC has by default is taken away by name, what a role has is given by name, so that nothing is implied.
const rightsSql = `
  SELECT text FROM (
    SELECT 1 AS place, c.relname::text AS name, r.grantee, format('GRANT %s ON %I TO %s;',
      string_agg(r.privilege_type, ', ' ORDER BY r.privilege_type), c.relname, r.grantee) AS text
    FROM pg_class c CROSS JOIN LATERAL (
      SELECT a.privilege_type, CASE WHEN a.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END AS grantee
      FROM aclexplode(c.relacl) a WHERE a.grantee <> c.relowner) r
    WHERE ${ours} GROUP BY c.oid, c.relname, r.grantee
    UNION ALL
    SELECT 2, c.relname::text || '.' || t.attname, quote_ident(pg_get_userbyid(a.grantee)), format('GRANT %s (%I) ON %I TO %I;',
      a.privilege_type, t.attname, c.relname, pg_get_userbyid(a.grantee))
    FROM pg_class c JOIN pg_attribute t ON t.attrelid = c.oid CROSS JOIN LATERAL aclexplode(t.attacl) a
    WHERE ${ours}
    UNION ALL
    SELECT 3, p.oid::regprocedure::text, '', format('REVOKE ALL ON FUNCTION %s FROM PUBLIC;', p.oid::regprocedure)
    FROM pg_proc p WHERE p.pronamespace = quote_ident(current_schema())::regnamespace
      AND NOT EXISTS (SELECT FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a WHERE a.grantee = 0)
    UNION ALL
    SELECT 3, p.oid::regprocedure::text, pg_get_userbyid(a.grantee)::text, format('GRANT EXECUTE ON FUNCTION %s TO %I;',
      p.oid::regprocedure, pg_get_userbyid(a.grantee))
    FROM pg_proc p CROSS JOIN LATERAL aclexplode(p.proacl) a
    WHERE p.pronamespace = quote_ident(current_schema())::regnamespace AND a.grantee <> 0 AND a.grantee <> p.proowner
  ) AS rights ORDER BY place, name, grantee`;

const sections = [
  ['Tables', tableSql],
  ['Keys and checks', constraintSql(`con.contype <> 'f'`)],
  ['References', constraintSql(`con.contype = 'f'`)],
  ['Indexes', indexSql],
  ['Functions', functionSql],
  ['Triggers', triggerSql],
  ['Row-level security', policySql],
  ['Owners', ownerSql],
  ['Rights', rightsSql],
] as const;
