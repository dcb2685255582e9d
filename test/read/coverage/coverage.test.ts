// Coverage reports: coverage.py's own numbers are the truth for every file it wrote; merging is checked by hand-made cases.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ReportError } from '../../../src/errors.ts';
import { type CoverageRead, readCoverage } from '../../../src/read/coverage/coverage.ts';
import type { PathOptions } from '../../../src/read/coverage/paths.ts';

const fixtures = join(import.meta.dirname, '../../../fixtures/coverage');
const nowhere: PathOptions = {
  repositoryRoot: undefined,
  rootdir: undefined,
  workingDirectory: '/nowhere',
  trackedFiles: undefined,
};

let folder = '';
let made = 0;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'coverage-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function write(content: string | Uint8Array): string {
  const path = join(folder, `coverage-${made++}.json`);
  writeFileSync(path, content);
  return path;
}

function read(content: string | Uint8Array, options: Partial<PathOptions> = {}): Promise<CoverageRead> {
  return readCoverage([write(content)], { ...nowhere, ...options });
}

interface Lines {
  executed?: number[];
  missing?: number[];
  taken?: [number, number][];
  untaken?: [number, number][];
}

function entry({
  executed = [],
  missing = [],
  taken = [],
  untaken = [],
}: Lines = {}): Record<string, unknown> {
  return {
    executed_lines: executed,
    summary: {
      covered_lines: executed.length,
      num_statements: executed.length + missing.length,
      num_branches: taken.length + untaken.length,
      covered_branches: taken.length,
    },
    missing_lines: missing,
    excluded_lines: [],
    executed_branches: taken,
    missing_branches: untaken,
  };
}

function report(files: Record<string, unknown>): string {
  return JSON.stringify({ meta: { version: '7.16.2', format: 3 }, files, totals: {} });
}

async function failure(content: string | Uint8Array): Promise<ReportError> {
  const error: unknown = await read(content).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(ReportError);
  return error as ReportError;
}

describe("coverage.py's own reports", () => {
  for (const name of readdirSync(fixtures).filter((file) => /\.json(\.gz)?$/.test(file))) {
    it(`counts ${name} as coverage.py does, file by file and in total`, async () => {
      const stored = readFileSync(join(fixtures, name));
      const bytes = name.endsWith('.gz') ? gunzipSync(stored) : stored;
      const truth = JSON.parse(bytes.toString('utf8'));
      const got = await read(bytes);
      expect(got.files.map((file) => file.filePath).sort()).toEqual(
        Object.keys(truth.files)
          .map((path) => path.replace('/home/runner/work/zoo/zoo/', ''))
          .sort(),
      );
      for (const [path, { summary, executed_lines, missing_lines }] of Object.entries<{
        summary: Record<string, number>;
        executed_lines: number[];
        missing_lines: number[];
      }>(truth.files)) {
        const file = got.files.find((one) => path.endsWith(one.filePath));
        expect(file?.coveragePercent).toBeCloseTo(summary.percent_covered ?? Number.NaN, 9);
        expect(file).toMatchObject({
          totalStatements: summary.num_statements,
          coveredStatements: summary.covered_lines,
          missingStatements: summary.missing_lines,
          totalBranches: summary.num_branches ?? 0,
          coveredBranches: summary.covered_branches ?? 0,
          coveredLines: executed_lines.filter((line) => line > 0),
          missingLines: missing_lines,
        });
      }
      expect(got.totals.percent).toBeCloseTo(truth.totals.percent_covered, 9);
      expect(got.totals).toMatchObject({
        files: Object.keys(truth.files).length,
        statements: truth.totals.num_statements,
        coveredStatements: truth.totals.covered_lines,
        missingStatements: truth.totals.missing_lines,
        branches: truth.totals.num_branches ?? 0,
        coveredBranches: truth.totals.covered_branches ?? 0,
      });
      expect(got.coverageVersion).toBe(truth.meta.version);
      expect(got.sha256).toBe(createHash('sha256').update(bytes).digest('hex'));
      expect(got.warnings).toEqual([]);
    });

    it(`adds ${name} to itself without any change`, async () => {
      const stored = readFileSync(join(fixtures, name));
      const path = write(name.endsWith('.gz') ? gunzipSync(stored) : stored);
      const once = await readCoverage([path], nowhere);
      const twice = await readCoverage([path, path], nowhere);
      expect(twice.files).toEqual(once.files);
      expect(twice.totals).toEqual(once.totals);
      expect(twice.warnings).toEqual([]);
    });
  }
});

describe('several reports', () => {
  it('cover a line when any of them does, and miss it when all of them do', async () => {
    const unit = write(report({ 'a.py': entry({ executed: [1, 2], missing: [3, 4] }) }));
    const integration = write(
      report({ 'a.py': entry({ executed: [1, 3], missing: [2, 4] }), 'b.py': entry({ missing: [1] }) }),
    );
    const { files, totals } = await readCoverage([unit, integration], nowhere);
    expect(files).toMatchObject([
      {
        filePath: 'a.py',
        coveredLines: [1, 2, 3],
        missingLines: [4],
        totalStatements: 4,
        coveragePercent: 75,
      },
      { filePath: 'b.py', coveredLines: [], missingLines: [1], totalStatements: 1, coveragePercent: 0 },
    ]);
    // Over the counts, 3 of 5; the mean of the files would be 37.5.
    expect(totals).toMatchObject({ files: 2, percent: 60, statements: 5, coveredStatements: 3 });
  });

  it('add up branches by the branches they list', async () => {
    const one = write(
      report({ 'a.py': entry({ executed: [1, 2], missing: [5], taken: [[1, 2]], untaken: [[1, 5]] }) }),
    );
    const two = write(
      report({ 'a.py': entry({ executed: [1, 5], missing: [2], taken: [[1, 5]], untaken: [[1, 2]] }) }),
    );
    const { files, warnings } = await readCoverage([one, two], nowhere);
    expect(files).toMatchObject([{ totalBranches: 2, coveredBranches: 2, coveragePercent: 100 }]);
    expect(warnings).toEqual([]);
  });

  it('list each branch where the report does, and none where it lists others or too few', async () => {
    const sound = entry({ executed: [1, 2], taken: [[1, 2]], untaken: [[1, -1]] });
    // As versions up to 7.x write it.
    const more = {
      ...sound,
      executed_branches: [
        [1, 2],
        [2, -1],
      ],
    };
    const fewer = { ...sound, missing_branches: [] };
    const bare = entry({ executed: [1, 2] });
    const { files } = await read(report({ 'a.py': sound, 'b.py': more, 'c.py': fewer, 'd.py': bare }));
    const none = [undefined, undefined];
    expect(files.map((file) => [file.executedBranches, file.missingBranches])).toEqual([
      [
        [1, 2],
        [1, -1],
      ],
      none,
      none,
      none,
    ]);
  });

  it('tell apart branches that leave a function from those that enter the line of the same number', async () => {
    const one = write(report({ 'a.py': entry({ executed: [1], taken: [[1, -3]], untaken: [[1, 3]] }) }));
    const two = write(report({ 'a.py': entry({ executed: [1], taken: [[1, -3]], untaken: [[1, 3]] }) }));
    const { files } = await readCoverage([one, two], nowhere);
    expect(files).toMatchObject([{ totalBranches: 2, coveredBranches: 1 }]);
  });

  it('take the larger number of covered branches and say so where branches are not listed', async () => {
    const bare = (covered: number): string => {
      const { executed_branches: _taken, missing_branches: _untaken, ...rest } = entry({ executed: [1, 2] });
      return report({
        'a.py': {
          ...rest,
          summary: { covered_lines: 2, num_statements: 2, num_branches: 4, covered_branches: covered },
        },
      });
    };
    const { files, warnings } = await readCoverage([write(bare(1)), write(bare(3))], nowhere);
    expect(files).toMatchObject([{ totalBranches: 4, coveredBranches: 3 }]);
    expect(warnings.map((warning) => warning.code)).toEqual(['coverage-branches-approximate']);
    expect(warnings[0]?.message).toContain('a.py');
  });

  it('keep the number of statements when an older version lists docstrings as executed', async () => {
    const old = {
      ...entry({ executed: [1, 2, 3], missing: [4] }),
      summary: { covered_lines: 2, num_statements: 3 },
    };
    const other = {
      ...entry({ executed: [1, 2, 4], missing: [3] }),
      summary: { covered_lines: 2, num_statements: 3 },
    };
    const { files } = await readCoverage(
      [write(report({ 'a.py': old })), write(report({ 'a.py': other }))],
      nowhere,
    );
    expect(files).toMatchObject([{ totalStatements: 3, coveredStatements: 3, missingStatements: 0 }]);
  });

  it('give one hash over all bytes, in their order', async () => {
    const one = write(report({ 'a.py': entry() }));
    const two = write(report({ 'b.py': entry() }));
    const expected = createHash('sha256').update(readFileSync(one)).update(readFileSync(two)).digest('hex');
    expect((await readCoverage([one, two], nowhere)).sha256).toBe(expected);
    expect((await readCoverage([two, one], nowhere)).sha256).not.toBe(expected);
  });

  it('meet in one file when Linux and Windows legs wrote its path', async () => {
    const options: PathOptions = {
      ...nowhere,
      repositoryRoot: '/repo',
      trackedFiles: ['src/app/x.py', 'setup.py'],
    };
    const linux = write(
      report({ '/home/runner/work/x/x/src/app/x.py': entry({ executed: [1], missing: [2] }) }),
    );
    const windows = write(report({ 'D:\\a\\x\\x\\src\\app\\x.py': entry({ executed: [2], missing: [1] }) }));
    const { files, warnings } = await readCoverage([linux, windows], options);
    expect(files).toMatchObject([{ filePath: 'src/app/x.py', coveredLines: [1, 2], missingLines: [] }]);
    expect(warnings).toEqual([]);
  });
});

describe('percentages', () => {
  it('count statements and branches together', async () => {
    const { files } = await read(
      report({
        'a.py': entry({
          executed: [1, 2, 3],
          taken: [[1, 2]],
          untaken: [
            [1, 3],
            [2, 3],
            [2, 9],
          ],
        }),
      }),
    );
    expect(files[0]?.coveragePercent).toBeCloseTo((100 * 4) / 7, 12);
  });

  it('are 100 for files without statements and absent without files', async () => {
    expect((await read(report({ 'a.py': { ...entry(), executed_lines: [0] } }))).totals.percent).toBe(100);
    expect(
      (await read(report({ 'a.py': { ...entry(), executed_lines: [0] } }))).files[0]?.coveredLines,
    ).toEqual([]);
    const none = await read(report({}));
    expect(none.totals.percent).toBeUndefined();
    expect(none.warnings.map((warning) => warning.code)).toEqual(['coverage-empty']);
  });
});

describe('hostile numbers and names', () => {
  const bad: [string, unknown][] = [
    ['negative counts', { ...entry(), summary: { covered_lines: -1, num_statements: 3 } }],
    ['huge counts', { ...entry(), summary: { covered_lines: 1, num_statements: 1e300 } }],
    ['fractions', { ...entry(), summary: { covered_lines: 0.5, num_statements: 3 } }],
    ['more covered than there is', { ...entry(), summary: { covered_lines: 4, num_statements: 3 } }],
    [
      'more branches covered than there are',
      { ...entry(), summary: { covered_lines: 0, num_statements: 3, num_branches: 1, covered_branches: 2 } },
    ],
    ['lines that are no numbers', { ...entry(), executed_lines: ['1'] }],
    ['lines beyond any file', { ...entry(), missing_lines: [2 ** 40] }],
    ['branches that are no pairs', { ...entry(), executed_branches: [[1, 2, 3]] }],
    ['no summary', { executed_lines: [], missing_lines: [] }],
    ['null', null],
  ];
  for (const [what, value] of bad) {
    it(`skip a file with ${what}, say so, and keep the others`, async () => {
      const { files, totals, warnings } = await read(
        report({ 'bad.py': value, 'good.py': entry({ executed: [1] }) }),
      );
      expect(files.map((file) => file.filePath)).toEqual(['good.py']);
      expect(totals.percent).toBe(100);
      expect(warnings).toMatchObject([
        { code: 'coverage-entry-skipped', message: expect.stringContaining('bad.py') },
      ]);
    });
  }

  it('take NaN, which Python writes, as no number', async () => {
    const text = report({ 'a.py': entry({ executed: [1] }), 'b.py': entry({ executed: [1] }) });
    const { files, warnings } = await read(text.replace('"num_statements":1', '"num_statements":NaN'));
    expect(files.map((file) => file.filePath)).toEqual(['b.py']);
    expect(warnings).toHaveLength(1);
  });

  it('give one warning however many entries are bad', async () => {
    const files = Object.fromEntries(Array.from({ length: 5000 }, (_, index) => [`bad${index}.py`, {}]));
    const { warnings } = await read(report({ ...files, 'good.py': entry() }));
    expect(warnings).toHaveLength(1);
    expect(warnings[0]?.message).toContain('5000 entries');
  });

  it('keep files whose names are names of object internals', async () => {
    const one = JSON.stringify(entry({ executed: [1] }));
    const text = `{"meta":{"version":"7.0"},"files":{"__proto__":${one},"constructor":${one},"toString":${one}}}`;
    const { files } = await read(text);
    expect(files.map((file) => file.filePath)).toEqual(['__proto__', 'constructor', 'toString']);
    expect(Object.hasOwn(Object.prototype, 'summary')).toBe(false);
  });

  it('read names with escapes, quotes, braces and characters of every width', async () => {
    const names = ['a"b.py', 'c}{]d.py', 'é/日本/😀.py', 'tab\t.py', 'end\\'];
    const { files } = await read(report(Object.fromEntries(names.map((name) => [name, entry()]))));
    expect(files).toHaveLength(names.length);
    expect(files.map((file) => file.filePath)).toContain('é/日本/😀.py');
  });
});

describe('the document as a stream', () => {
  it('reads every shape of white space and every order of members alike', async () => {
    const value = {
      totals: {},
      files: { 'a.py': { contexts: { '1': ['t|run', 'x"}]'] }, ...entry({ executed: [1] }) } },
      meta: { version: '7.9' },
    };
    const compact = await read(JSON.stringify(value));
    const airy = await read(`\n ${JSON.stringify(value, null, '\t').replaceAll(':', ' :\r\n')} \n\n`);
    expect(airy.files).toEqual(compact.files);
    expect(airy.coverageVersion).toBe('7.9');
  });

  it('reads the same wherever the chunks are cut', async () => {
    // Strings, escapes and numbers fall on the borders of the 256 KiB chunks at some of these lengths.
    for (let pad = 0; pad < 40; pad++) {
      const filler = 'x'.repeat(256 * 1024 - 330 + pad);
      const value = {
        'a.py': { ...entry({ executed: [1, 22, 333], missing: [4444] }), functions: { 'q"\\': ['é}'] } },
        'é"\\.py': entry({ executed: [7] }),
      };
      const { files } = await read(JSON.stringify({ meta: { version: '7.16.2' }, filler, files: value }));
      expect(files.map((file) => [file.filePath, file.coveredLines])).toEqual([
        ['a.py', [1, 22, 333]],
        ['é"/.py', [7]],
      ]);
    }
  });

  it('reads a pipe that delivers a few bytes at a time', async () => {
    const pipe = join(folder, 'pipe');
    execFileSync('mkfifo', [pipe]);
    const text = report({ 'a.py': entry({ executed: [1, 2] }) });
    const { spawn } = await import('node:child_process');
    const writer = spawn(process.execPath, [
      '-e',
      `const { openSync, writeSync } = require('node:fs'); const fd = openSync(process.argv[1], 'w');
       const text = process.argv[2]; let at = 0;
       const timer = setInterval(() => { if (at >= text.length) return clearInterval(timer); writeSync(fd, text.slice(at, at += 60)); }, 5);`,
      pipe,
      text,
    ]);
    const { files } = await readCoverage([pipe], nowhere);
    writer.kill();
    expect(files).toMatchObject([{ filePath: 'a.py', coveredLines: [1, 2] }]);
  });

  it('tolerates byte order marks of UTF-8 and UTF-16', async () => {
    const text = report({ 'é.py': entry({ executed: [1] }) });
    const marked = `\ufeff${text}`;
    const little = Buffer.from(marked, 'utf16le');
    const big = Buffer.from(little).swap16();
    for (const bytes of [Buffer.from(marked), little, big]) {
      expect((await read(bytes)).files.map((file) => file.filePath)).toEqual(['é.py']);
    }
  });
});

describe('files that are no coverage report', () => {
  const foreign: [string, string | Uint8Array, RegExp, RegExp][] = [
    [
      'a JUnit report',
      '<?xml version="1.0"?><testsuites><testsuite name="pytest"/></testsuites>',
      /JUnit report/,
      /as a report/,
    ],
    [
      'a Cobertura report',
      '<?xml version="1.0" ?>\n<coverage version="7.4" line-rate="0.5"></coverage>',
      /Cobertura/,
      /coverage json/,
    ],
    [
      'a JaCoCo report',
      '<!DOCTYPE report PUBLIC "-//JACOCO//DTD Report 1.1//EN" "report.dtd"><report name="x"/>',
      /JaCoCo/,
      /coverage json/,
    ],
    ['an HTML report', '<!doctype html><html></html>', /HTML/, /coverage json/],
    ['an lcov report', 'TN:\nSF:src/a.py\nDA:1,1\nend_of_record\n', /lcov/, /coverage json/],
    ['a Go cover profile', 'mode: set\nx.go:1.1,2.2 1 1\n', /Go cover profile/, /coverage json/],
    [
      "coverage.py's data file",
      Buffer.from('SQLite format 3\0\x10\0\x01\xff', 'latin1'),
      /\.coverage data file/,
      /coverage json/,
    ],
    ["coverage.py's text report", 'Name    Stmts   Miss  Cover\n----\n', /text report/, /coverage json/],
    ['a compressed report', Buffer.from([0x1f, 0x8b, 8, 0]), /compressed/, /Unpack/],
    [
      "Istanbul's report",
      '{"/x/a.js": {"path": "/x/a.js", "statementMap": {}, "s": {}}}',
      /coverage-final\.json/,
      /coverage json/,
    ],
    [
      "Istanbul's summary",
      '{"total": {"lines": {"total": 4, "covered": 4, "skipped": 0, "pct": 100}}}',
      /coverage-summary\.json/,
      /coverage json/,
    ],
    ['other JSON', '{"tests": []}', /did not write/, /coverage json/],
    ['a list', '[1, 2]', /did not write/, /coverage json/],
    ['files of another tool', '{"files": {"a.js": {"covered": 3}}}', /did not write/, /coverage json/],
  ];
  for (const [what, content, message, fix] of foreign) {
    it(`recognises ${what} and says what to do`, async () => {
      const error = await failure(content);
      expect(error.code).toBe('not-coverage-json');
      expect(error.message).toMatch(message);
      expect(error.fix).toMatch(fix);
      expect(error.place?.file).toContain('coverage-');
    });
  }

  it('refuses a file that is missing, a folder and an empty file', async () => {
    await expect(readCoverage([join(folder, 'none.json')], nowhere)).rejects.toMatchObject({
      code: 'coverage-missing',
      name: 'InputError',
    });
    await expect(readCoverage([folder], nowhere)).rejects.toMatchObject({
      code: 'coverage-is-a-folder',
      name: 'InputError',
    });
    expect((await failure('')).code).toBe('coverage-empty-file');
    expect((await failure(' \n\t')).code).toBe('coverage-empty-file');
  });

  it('places invalid JSON by line, column and byte', async () => {
    const error = await failure(
      '{"meta": {"version": "7"},\n "é": 1,\n "files": {"a.py": {"executed_lines": [1,,2]}}}',
    );
    expect(error.code).toBe('coverage-invalid-json');
    expect(error.place).toMatchObject({ line: 3, column: 39, byte: 75 });
  });

  it('refuses brackets that do not match, nesting without end, and anything behind the end', async () => {
    for (const text of [
      '{"x": [1}}',
      `{"x": ${'['.repeat(1e6)}`,
      `${report({})}{}`,
      '{"a" 1}',
      '{"x": @}',
      '{"x": {"é": é}}',
    ]) {
      expect((await failure(text)).code).toBe('coverage-invalid-json');
    }
  });

  it('calls a report truncated wherever it is cut', async () => {
    const text = report({ 'a.py': { ...entry({ executed: [1] }), functions: { f: {} } } });
    for (let length = 1; length < text.length; length++) {
      const error = await failure(text.slice(0, length));
      expect(error.code).toBe('coverage-truncated');
      expect(error.place?.byte).toBe(length);
    }
  });

  it('names the first byte that is not UTF-8', async () => {
    const bytes = Buffer.concat([
      Buffer.from('{"meta": {}, "files": {"'),
      Buffer.from([0xff]),
      Buffer.from('.py": {}}}'),
    ]);
    const error = await failure(bytes);
    expect(error.code).toBe('invalid-bytes');
    expect(error.place?.byte).toBe(24);
  });
});

describe('a report that only looks like coverage.py’s', () => {
  const slip = {
    meta: { software: 'slipcover', version: '1.0.15', branch_coverage: true },
    files: {
      'src/a.py': {
        executed_lines: [1],
        missing_lines: [2],
        summary: { covered_lines: 1, missing_lines: 1, percent_covered: 50 },
      },
    },
    summary: { covered_lines: 1 },
  };

  it('of which no entry can be used is one error that names its writer, and gives no coverage', async () => {
    const { files, totals, warnings } = await read(JSON.stringify(slip));
    expect(files).toEqual([]);
    expect(totals.percent).toBeUndefined();
    expect(warnings).toMatchObject([{ code: 'coverage-unusable', file: expect.any(String) }]);
    expect(warnings[0]?.message).toMatch(/slipcover.*src\/a\.py \(summary\.num_statements/s);
    expect(warnings[0]?.message).toContain('coverage json');
  });

  it('is told where its entries are no objects as well, without a writer', async () => {
    for (const files of [
      { 'a.py': [1, 2] },
      { 'a.py': { executed_lines: 'x', summary: {} } },
      { 'a.py': {} },
    ]) {
      const { warnings } = await read(JSON.stringify({ meta: { version: '1' }, files }));
      expect(warnings).toMatchObject([
        { code: 'coverage-unusable', message: expect.stringContaining('a.py') },
      ]);
    }
  });

  it('names the files that cannot be used where others can', async () => {
    const bad = Object.fromEntries(Array.from({ length: 7 }, (_, i) => [`bad${i}.py`, {}]));
    const { warnings } = await read(report({ ...bad, 'good.py': entry() }));
    expect(warnings).toMatchObject([{ code: 'coverage-entry-skipped' }]);
    expect(warnings[0]?.message).toMatch(/7 entries.*bad0\.py.*bad1\.py.*bad4\.py.* and 2 more/);
  });
});
