// Recognises files that are not coverage.py's JSON by their beginning, and says what to do.

export interface ForeignFile {
  /** Completes "this looks like …". */
  readonly what: string;
  readonly fix: string;
}

const makeJson =
  'Run `coverage json` (or pytest with `--cov-report=json`) and pass the coverage.json that it writes.';

interface Rule extends ForeignFile {
  readonly pattern: RegExp;
}

// The first match wins. Each rule reads at most the first few kilobytes, as Latin-1.
const byteRules: readonly Rule[] = [
  // matches: "SQLite format 3\0…", "!coverage.py: This is a private format"; not: a JSON file that mentions SQLite
  {
    pattern: /^(SQLite format 3|!coverage\.py: )/,
    what: "coverage.py's own .coverage data file",
    fix: makeJson,
  },
  // matches: gzip and zip magic numbers; not: text
  { pattern: /^(\x1f\x8b|PK\x03\x04)/, what: 'a compressed file', fix: 'Unpack it first.' },
];

const textRules: readonly Rule[] = [
  // matches: <testsuites …>, <?xml …?><testsuite …>; not: <test>
  {
    pattern: /^\s*(?=<)[\s\S]*?<testsuites?[\s>/]/,
    what: 'a JUnit report',
    fix: 'Name it as a report, not as coverage.',
  },
  // matches: <coverage line-rate="…">, the Cobertura document type; not: <coverage generated="…"> of Clover
  {
    pattern: /^\s*<[\s\S]*?(\sline-rate=|cobertura)/i,
    what: 'a Cobertura XML report',
    fix: makeJson,
  },
  // matches: <!DOCTYPE report PUBLIC "-//JACOCO//…">, <report name="…">
  { pattern: /^\s*(?=<)[\s\S]*?(JACOCO|<report\s)/, what: 'a JaCoCo XML report', fix: makeJson },
  { pattern: /^\s*<(!doctype html|html)/i, what: 'an HTML report', fix: makeJson },
  { pattern: /^\s*</, what: 'an XML file', fix: makeJson },
  // matches: "TN:", "TN:name", "SF:/path"; not: "SFTP"
  { pattern: /^\s*(TN:|SF:)/, what: 'an lcov report', fix: makeJson },
  // matches: "mode: set"; not: "mode: other"
  { pattern: /^mode: (set|count|atomic)\b/, what: 'a Go cover profile', fix: makeJson },
  // matches: the table `coverage report` prints
  { pattern: /^\s*Name\s+Stmts\s+Miss/, what: "coverage.py's text report", fix: makeJson },
];

const jsonRules: readonly Rule[] = [
  // matches: Istanbul and nyc's coverage-final.json; not: a path that contains the word
  { pattern: /"statementMap"\s*:\s*\{/, what: "Istanbul's coverage-final.json", fix: makeJson },
  // matches: Istanbul's coverage-summary.json
  {
    pattern: /"(lines|statements)"\s*:\s*\{\s*"total"\s*:/,
    what: "Istanbul's coverage-summary.json",
    fix: makeJson,
  },
  { pattern: /"llvm\.coverage\.json/, what: "LLVM's coverage export", fix: makeJson },
  { pattern: /^\s*\{\s*"result"\s*:\s*\[\s*\{\s*"scriptId"/, what: 'raw V8 coverage', fix: makeJson },
];

/** Recognises the file by its first bytes, before decoding. */
export function recogniseBytes(head: Buffer): ForeignFile | undefined {
  return find(byteRules, head.subarray(0, 64).toString('latin1'));
}

/** Recognises text that is not JSON. */
export function recogniseText(head: string): ForeignFile | undefined {
  return find(textRules, head);
}

/** Recognises JSON that coverage.py did not write. */
export function recogniseJson(head: string): ForeignFile {
  return (
    find(jsonRules, head) ?? {
      what: "JSON that coverage.py did not write: it has no 'files' of its shape",
      fix: makeJson,
    }
  );
}

function find(rules: readonly Rule[], head: string): ForeignFile | undefined {
  return rules.find((rule) => rule.pattern.test(head));
}
