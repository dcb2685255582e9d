// Hostile text through everything that is posted, written or printed. The judges are a real parser of GitHub's Markdown and
// a port of the runner's two parsers of commands; neither knows how our escaping works.
import fc from 'fast-check';
import type { Nodes } from 'mdast';
import { fromMarkdown } from 'mdast-util-from-markdown';
import { gfmFromMarkdown } from 'mdast-util-gfm';
import { gfm } from 'micromark-extension-gfm';
import { describe, expect, it } from 'vitest';
import type { FailureExcerpt, FailureHistory, MatrizReview, Reason, RunHistory } from '../../../src/model.ts';
import {
  renderAnnotations,
  renderUncovered,
  renderViolations,
} from '../../../src/tell/github/annotations.ts';
import { makePart, maxCommentBytes, parseComment, renderComment } from '../../../src/tell/github/comment.ts';
import { renderSection, type Section } from '../../../src/tell/github/comment-section.ts';
import { renderJobSummary } from '../../../src/tell/github/job-summary.ts';
import { openLinks } from '../../../src/tell/github/links.ts';
import { block, bytes, code, exactBlock, inline, isExact } from '../../../src/tell/github/markdown.ts';
import { logLines, secretsOf, workflowCommand } from '../../../src/tell/github/workflow-log.ts';
import { jobIdentity } from '../../support/job-identity.ts';
import { long } from '../../support/long.ts';
import { leadsSomewhere } from '../../support/reviewer-story.ts';
import { runnerCommands } from '../../support/runner.ts';
import { makeRunHistory } from '../../support/runs.ts';

/** What is ours in HTML; anything else came out of data. */
const ourHtml =
  /^(?:<!-- lukhas-(?:ingest|job) [A-Za-z0-9+/=]+ -->|<!-- lukhas-end -->|<br>|<details><summary>[\w ,?.:()]+<\/summary>|<\/details>|\s)+$/;

/** Every reason that holds data. */
const reasons = (text: string): Reason[] => [
  { kind: 'red-there', sha: text, jobs: [text], repairedBy: text },
  { kind: 'red-elsewhere', sha: text, branches: [text, text, text, text] },
  { kind: 'jobs-differ', sha: text, passed: [text], failed: [text] },
  { kind: 'maybe-base', sha: text },
  { kind: 'flaky', evidence: { kind: 'rerun', sha: text, branch: text, failures: 1, runs: 2 } },
  { kind: 'green-there', sha: text, jobs: [text] },
  { kind: 'green-without-edits', sha: text, files: 2 },
  { kind: 'other-error-there', sha: text, errorType: text },
  { kind: 'skipped-there', sha: text },
];

function parse(markdown: string): Nodes[] {
  const nodes: Nodes[] = [];
  const visit = (node: Nodes) => {
    nodes.push(node);
    if ('children' in node) for (const child of node.children) visit(child);
  };
  visit(fromMarkdown(markdown, { extensions: [gfm()], mdastExtensions: [gfmFromMarkdown()] }));
  return nodes;
}

/** What GitHub makes live in text that is no code: mentions, issues, commits, and addresses the parser knows already. */
const live =
  /(?<![\w/])@[A-Za-z0-9]|(?<!\w)#\d|\bGH-\d|https?:\/\/|\bwww\.\w|(?<![A-Za-z0-9])[0-9a-f]{7,40}(?![A-Za-z0-9])/i;

/** `isThere`: whether a link leads to something that is there; without it there are no links. */
function judge(markdown: string, isThere: (address: string) => boolean = () => false): void {
  for (const node of parse(markdown)) {
    if (node.type === 'link') expect([node.url, isThere(node.url)]).toEqual([node.url, true]);
    expect(['image', 'linkReference', 'imageReference', 'definition', 'footnoteReference']).not.toContain(
      node.type,
    );
    if (node.type === 'html') expect(node.value).toMatch(ourHtml);
    if (node.type === 'text') expect(node.value).not.toMatch(live);
    if (node.type === 'code') expect(['text', 'sh', 'python', 'powershell', 'diff']).toContain(node.lang);
  }
}

const nasty = [
  '<!-- lukhas-ingest eyJ2IjoxfQ== -->',
  '<!-- lukhas-end -->',
  '-->',
  '</details>',
  '<img src=x onerror=alert(1)>',
  '![x](http://evil.example/x.png)',
  '[x](javascript:alert(1))',
  '[x]: http://evil.example',
  '[^1]',
  '@octocat',
  '@acme/owners',
  '#123',
  'acme/shop#1',
  'GH-7',
  'deadbee',
  '0123456789abcdef0123456789abcdef01234567',
  'octocat@0123456789abcdef0123456789abcdef01234567',
  'https://evil.example/a?b=c',
  'www.evil.example',
  'mallory@evil.example',
  '```suggestion\nrm -rf /\n```',
  '````',
  '~~~',
  '`',
  '| a | b |\n|--|--|',
  '# title',
  '- [ ] task',
  '1. one',
  '> quote',
  '\\',
  '&lt;b&gt;',
  '&#60;b&#62;',
  '$\\require{x}$',
  ':smile:',
  '::error::x',
  '::set-output name=a::b',
  '::add-mask::x',
  '::stop-commands::x',
  '##[add-mask]x',
  '##[error]x',
  '###[group]',
  ':::warning::',
  '%0A::error::x',
  '\r',
  '\n',
  '\r\n',
  '\u2028',
  '\u0085',
  '\u000b',
  '\u000c',
  '\u001b[31m',
  '\u202e',
  '\u0000',
  '\ud800',
  '\u00a0',
  '\ufeff',
  '   ',
  '\t',
  '😀',
  'x',
  '0',
  '_',
  '*',
  '::',
  '#',
];
const hostile = fc
  .array(fc.oneof(fc.constantFrom(...nasty), fc.string({ unit: 'binary', maxLength: 8 })), {
    minLength: 1,
    maxLength: 8,
  })
  .map((parts) => parts.join(''));

/** Four strings at once: each failure of a section has its own. */
const hostiles = fc.array(hostile, { minLength: 4, maxLength: 4 });

/** Every nasty word alone, and all of them by fours: what any number of runs begins with. */
const alone = nasty.map((word): [string] => [word]);
const fours = alone.flatMap((_, i): [string[]][] => (i % 4 === 0 ? [[wordsFrom(i)]] : []));
function wordsFrom(i: number): string[] {
  return [0, 1, 2, 3].map((step) => nasty[(i + step) % nasty.length] ?? '');
}

/** The tests take the same few random texts each time; `npm run fuzz:markdown` takes others each time, and all of them. */
function runs<T>(few: number, all: number, examples: T[]): fc.Parameters<T> {
  return long ? { numRuns: all, examples } : { numRuns: examples.length + few, seed: 1, examples };
}

function section(
  texts: string | readonly string[],
  count = 1,
  options: { withHistory: boolean; hideSolutions?: boolean } = { withHistory: true },
): Section {
  const pick = (i: number) => (typeof texts === 'string' ? texts : (texts[i % texts.length] ?? ''));
  const text = pick(0);
  const failures = Array.from({ length: count }, (_, i) => ({
    testName: i === 0 ? text : `${pick(i)}${i}`,
    testFile: pick(i),
    outcome: 'failed',
    line: i + 1,
    errorType: pick(i),
    message: pick(i),
    failureSignature: `md5:${i}`,
    excerpt: excerptWith(pick(i)),
    captured: [{ stream: 'system-out' as const, lines: [pick(i), `::error::${pick(i)}`], isCut: true }],
  }));
  const history: RunHistory = {
    baseBranch: text,
    point: { sha: text, source: 'older-commit', isApproximate: true, untested: [text] },
    isInfrastructure: false,
    fixed: [
      { kind: 'fixed', testName: `fixed ${text}`, since: text, sinceAt: 0, wasGreen: true },
      { kind: 'green-here', testName: `green ${text}`, redAt: text, passesElsewhere: true },
    ],
    changes: {
      added: [text],
      removed: [text],
      renamed: [{ from: text, to: text }],
      parametersChanged: [text],
      newlySkipped: [text],
      notRun: [{ file: text, tests: 2, why: 'not collected' }],
      slower: [{ testName: text, beforeSeconds: 1, afterSeconds: 2 }],
    },
    coverage: {
      beforePercent: 80,
      afterPercent: 79.96,
      moved: [{ filePath: text, beforePercent: 71.4, afterPercent: 80 }],
    },
    failures: failures.map(
      (failure, i): FailureHistory => ({
        testName: failure.testName,
        failureSignature: failure.failureSignature,
        class: i > 3 ? 'new' : 'pre-existing',
        known: i <= 3,
        reason: reasons(pick(i))[i % reasons(text).length] ?? { kind: 'no-run' },
        notes: {
          passedOnRerunOf: pick(i),
          wasFlaky: { failures: 1, runs: 2, inARow: 3 },
          redBefore: [pick(i)],
        },
        match:
          i > 3
            ? undefined
            : {
                tier: 'exact',
                memory: {
                  id: '01234567-89ab',
                  rootCause: pick(i),
                  solution: pick(i),
                  solutionType: text,
                  autoFixCode: pick(i + 1),
                  confidence: 0.5,
                  successCount: 1,
                  failureCount: 1,
                  lastApplied: new Date(0),
                },
              },
        since: {
          lastGreen: pick(i),
          firstRed: pick(i),
          firstRedAt: 0,
          untested: [pick(i)],
          inARow: 2,
          culprits: [{ sha: pick(i), weight: 0.7 }],
          otherErrorSince: undefined,
          isEstimated: true,
        },
        lastFixedBy: pick(i),
        lately: { base: 'ppfp', change: 'ff', failures: 9, runs: 41, days: 3 },
      }),
    ),
  };
  return {
    totals: {
      total: count + 3,
      passed: 3,
      failed: count,
      skipped: 0,
      errors: 0,
      durationSeconds: 1,
      coveragePercent: 50,
    },
    lost: 0,
    incomplete: false,
    troubles: [],
    xfailed: 0,
    failures,
    history: options.withHistory ? history : undefined,
    matriz: { review: reviewOf(text), isForeign: text.length % 2 === 1 },
    leastCovered: [{ filePath: text, coveragePercent: 1, missingStatements: 1 }],
    stored: { ok: false, text },
    hideSolutions: options.hideSolutions ?? false,
    severalReports: {
      counts: [0, 1].map((i) => ({ report: pick(i), passed: 1, failed: 1, skipped: 0, incomplete: i === 1 })),
      rest: { reports: 1, passed: 1, failed: 0, skipped: 0, incomplete: false },
      tests: 2,
    },
    // Commands are told in both forms: those of the first failure's kind by its length.
    isFromWindows: text.length % 2 === 1,
  };
}

/** A chain of two, of words of somebody's throughout. */
const excerptWith = (text: string): FailureExcerpt => ({
  exceptions: [1, 2].map((line) => ({
    source: [text, `> ${text}`],
    error: [text, `  ${text}`],
    errorLeftOut: { lines: 1, characters: 2 },
    frames: [line, line + 1].map((at) => ({ path: text, line: at, times: at, statement: text })),
    framesLeftOut: 1,
    libraryFrames: 2,
  })),
  exceptionsLeftOut: 1,
});

/** An analysis that is words of somebody's throughout. */
const reviewOf = (text: string): MatrizReview => ({
  status: 'BLOCKED',
  score: 0,
  stars: (['BLOCKED', 'CHANGES_REQUESTED', 'BLOCKED'] as const).map((status, i) => ({
    name: text,
    status,
    confidence: 1,
    violations: i === 2 ? [] : [{ rule: text, location: text, severity: text }],
  })),
});

const makeJob = (told: Section, key: string, label: string) =>
  makePart([{ ...jobIdentity(key), label, section: told }], { key });

const state = (text: string | readonly string[], count = 1) => ({
  sha: '1'.repeat(40),
  run: 7,
  parts: [
    makeJob(section(text, count), '000000000001', text[1] ?? ''),
    makeJob(section('x', 1), '000000000002', text[0] ?? ''),
  ],
});

describe('hostile text', () => {
  it('makes no cell of a table, with or without a backslash before its bar', () => {
    for (const text of ['a|b', 'a\\|b', '`a|b`', '|'])
      expect(code(text, { cell: true }).replaceAll('&#124;', '')).not.toContain('|');
  });

  it('stays text in comments: no tag, link, image, mention or fence, one marker, parsed back whole', () => {
    fc.assert(
      fc.property(hostiles, (texts) => {
        const body = renderComment(state(texts, 4));
        judge(body);
        expect(bytes(body)).toBeLessThanOrEqual(maxCommentBytes);
        expect(body.startsWith('<!-- lukhas-ingest ')).toBe(true);
        expect(body.split(/^<!-- lukhas-ingest /m)).toHaveLength(2);
        expect(body.split(/^<!-- lukhas-job /m)).toHaveLength(3);
        expect(body.split(/^<!-- lukhas-end -->/m)).toHaveLength(3);
        expect(
          parseComment(body)
            ?.parts.map((part) => part.rows[0]?.failed)
            .sort(),
        ).toEqual([1, 4]);
      }),
      runs(3, 2500, fours),
    );
  }, 600_000);

  it('stays text where the jobs of a commit are told together', () => {
    fc.assert(
      fc.property(hostiles, (texts) => {
        const jobs = texts.map((text, i) => ({
          ...jobIdentity(i.toString(16).padStart(12, '0')),
          // Equal labels are told apart by their steps.
          step: text,
          label: i === 2 ? text : `${texts[i % 2] ?? ''} / ${texts[0] ?? ''}`,
          section: section(texts.slice(0, 1 + (i % 2)), 2, { withHistory: i < 2 }),
        }));
        const part = makePart(jobs, { key: 'd'.repeat(12) });
        const body = renderComment({ sha: '1'.repeat(40), run: 7, parts: [part] });
        judge(body);
        expect(body.split(/^<!-- lukhas-job /m)).toHaveLength(2);
        expect(parseComment(body)?.parts).toMatchObject([{ key: part.key, version: part.version }]);
        expect(parseComment(body)?.parts[0]?.rows).toHaveLength(jobs.length);
      }),
      runs(3, 1000, fours),
    );
  }, 600_000);

  it('stays text as the names of reports in the table of jobs, whoever writes it', () => {
    fc.assert(
      fc.property(hostiles, (texts) => {
        const small = section('x', 0, { withHistory: false });
        const counts = [...texts, ...texts.map((text) => `${text}/x`)].map((report, i) => ({
          report,
          passed: 1,
          failed: i % 2,
          skipped: 0,
          incomplete: i === 2,
        }));
        const told = { ...small, matriz: undefined, leastCovered: [], stored: { ok: true, text: '' } };
        const jobs = ['1', '2'].map((digit) => ({
          ...jobIdentity(digit.repeat(12)),
          label: 'x',
          section: { ...told, severalReports: { counts, rest: undefined, tests: 1 } },
        }));
        const body = renderComment({
          sha: '1'.repeat(40),
          run: 7,
          parts: [makePart(jobs, { key: 'd'.repeat(12) })],
        });
        judge(body);
        const rows = parse(body).filter(({ type }) => type === 'tableRow');
        expect(rows).toHaveLength(3 + 2 * Math.min(counts.length, 10) + (counts.length > 10 ? 2 : 0));
        expect(rows.every((row) => 'children' in row && row.children.length === 6)).toBe(true);
        const read = parseComment(body)?.parts ?? [];
        expect(renderComment({ sha: '1'.repeat(40), run: 7, parts: read })).toBe(body);
      }),
      runs(50, 5000, fours),
    );
  }, 600_000);

  it('makes no link, and leads none elsewhere, where links are made: nor as a path, a title or a changed file', () => {
    fc.assert(
      fc.property(hostiles, (texts) => {
        const [text = ''] = texts;
        const files = ['tests/a.py', ...texts];
        const links = openLinks({
          server: 'https://github.com',
          repository: 'acme/shop',
          head: 'a'.repeat(40),
          files,
          subjects: new Map([['b'.repeat(40), text]]),
        });
        const file = {
          filePath: text,
          changedStatements: 2,
          coveredStatements: 1,
          uncovered: [[1, 2]] as const,
          branches: { changed: 2, covered: 1, uncovered: [[2, -1]] as const, partial: [[2, -1]] as const },
        };
        const coverage = {
          changedStatements: 2,
          coveredStatements: 1,
          percent: 50,
          files: [file],
          lost: [{ filePath: text, lines: [[3, 4]] as const }],
          unreported: [text],
          branches: { changed: 2, covered: 1 },
        };
        const told = {
          ...section(texts, 2),
          links,
          patch: {
            baseSha: 'b'.repeat(40),
            coverage,
            runs: 2,
            notComputed: [text],
            together: { runs: 2, statements: 4, covered: 1 },
          },
          gates: [text],
        };
        const part = makePart([{ ...jobIdentity('1'.repeat(12)), label: text, section: told }], {
          key: 'd'.repeat(12),
        });
        const body = renderComment({
          sha: '1'.repeat(40),
          run: 7,
          parts: [part],
          site: links.site,
          title: text,
        });
        const tree = new Map(files.map((path) => [path, '\n'.repeat(200)]));
        // The texts stand in for ids of earlier commits as well: one that is a whole id is one.
        const shas = [...['a', 'b', '1'].map((digit) => digit.repeat(40)), ...texts];
        const commits = shas.map((sha) => ({ sha, files: tree }));
        const isThere = (address: string) => leadsSomewhere(address, commits, new Set([7]));
        judge(body, isThere);
        expect(parseComment(body)?.parts).toHaveLength(1);
        const summary = renderJobSummary({ ...told, label: text, slowest: [], warnings: [] });
        judge(summary, isThere);
        const notices = renderUncovered(told.patch, () => true).join('');
        expect(runnerCommands(notices).map(({ name }) => name)).toEqual(['notice']);
      }),
      runs(1, 2500, fours),
    );
  }, 600_000);

  it('stays text in the job summary', () => {
    fc.assert(
      fc.property(hostiles, (texts) => {
        const [text = ''] = texts;
        judge(
          renderJobSummary({
            ...section(texts, 4),
            label: text,
            slowest: [{ testName: text, durationSeconds: 3 }],
            warnings: [{ code: 'x', message: text, file: text }],
          }),
        );
      }),
      runs(3, 2500, fours),
    );
  }, 600_000);

  it('gives the runner no command but ours, in logs and annotations', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        expect(runnerCommands(logLines(text))).toEqual([]);
        expect(runnerCommands(logLines(`  ${text}\n${text}`))).toEqual([]);
        const annotations = renderAnnotations({ ...section(text), all: 30, locate: (file) => file });
        const commands = runnerCommands(annotations.join(''));
        expect(commands.map((command) => command.name)).toEqual(['error']);
        // The runner prints a command's message as lines of its own, and reads none of them again; terminals do.
        expect(runnerCommands(commands[0]?.message ?? '')).toEqual([]);
        const violations = runnerCommands(renderViolations(reviewOf(text), { locate: () => text }).join(''));
        expect(
          violations.every(({ name, properties }) => name === 'error' && !('title,x' in properties)),
        ).toBe(true);
        expect(violations).toHaveLength(text.trim() === '' ? 0 : 1);
        expect(runnerCommands(workflowCommand('warning', text))).toHaveLength(1);
        expect(logLines(text)).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e]/);
      }),
      runs(100, 10_000, alone),
    );
  }, 600_000);

  it('survives alone in each of the three ways into Markdown', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        judge(`Words ${inline(text)} words`);
        judge(`- ${code(text)} x`);
        judge(`| a |\n|--|\n| ${code(text, { cell: true })} |`);
        judge(`${block(text)}\n`);
        if (isExact(text)) judge(`- x\n\n${exactBlock(text, 'text', '  ')}\n`);
        const [fenced] = parse(block(text)).filter((node) => node.type === 'code');
        expect(fenced?.position?.end.offset).toBe(block(text).length);
      }),
      runs(50, 5000, alone),
    );
  }, 600_000);
});

describe('code that Healix suggests', () => {
  const shownFix = (autoFixCode: string) => {
    const told = section('x', 1);
    const failures = (told.history?.failures ?? []).map((failure) => ({
      ...failure,
      match: failure.match && { ...failure.match, memory: { ...failure.match.memory, autoFixCode } },
    }));
    const history = told.history && { ...told.history, failures };
    const detail = { failures: 9, messages: true, fixes: true, excerpts: 0, extras: false, more: '' };
    return renderSection({ ...told, history }, detail);
  };
  const blocks = (markdown: string) =>
    parse(markdown).flatMap((node) => (node.type === 'code' ? [node.value] : []));

  it.each([
    '@pytest.fixture\ndef shop():\n    return 1\n\n\n@pytest.mark.slow\ndef x(): ...',
    'html = "<!-- lukhas-job eyJ2IjoxfQ== -->"\n<!-- lukhas-end -->',
    '```\nfenced\n```\n  two  blanks',
  ])('is shown as it is, to be copied: %j', (fix) => {
    expect(blocks(shownFix(fix))).toEqual([fix]);
    expect(blocks(shownFix(fix.replaceAll('\n', '\r\n')))).toEqual([fix]);
  });

  it('is escaped and says so where it cannot be, and is not there at all where it is too long', () => {
    expect(shownFix('a = "\u202ex"')).toContain('Suggested change, with invisible characters escaped');
    expect(blocks(shownFix('a = "\u202ex"'))).toEqual(['a = "\\u202ex"']);
    expect(blocks(shownFix('x'.repeat(5000)))).toEqual([]);
    expect(shownFix('x'.repeat(5000))).toContain(
      'longer than is shown here; see `lukhas healix show 01234567`',
    );
  });
});

describe('a comment grown too long', () => {
  it.each([10, 100, 1000])(
    '%i failures with long texts stay within the limit, and what was left out is said',
    (count) => {
      const long = '`|<é😀 '.repeat(60);
      const body = renderComment(state(long, count));
      expect(bytes(body)).toBeLessThanOrEqual(maxCommentBytes);
      if (count >= 100) expect(body).toContain('more: see the summary of its job');
      judge(body);
    },
  );

  it('keeps every job in the table when 200 jobs report', () => {
    const one = makeJob(section('x'.repeat(200), 40), '0', 'job');
    const parts = Array.from({ length: 200 }, (_, i) => ({
      ...one,
      key: i.toString(16).padStart(12, '0'),
      rows: one.rows.map((row) => ({ ...row, label: `job ${i}` })),
    }));
    const body = renderComment({ sha: '1'.repeat(40), run: 1, parts });
    expect(bytes(body)).toBeLessThanOrEqual(maxCommentBytes);
    judge(body);
  });

  it('keeps a summary under 1 MiB', () => {
    const long = '<&😀'.repeat(200);
    const text = renderJobSummary({ ...section(long, 1000), label: 'x', slowest: [], warnings: [] });
    expect(bytes(text)).toBeLessThan(1 << 20);
    expect(text).toContain('more: see the log');
  });
});

describe('the jobs of a commit together', () => {
  const failing = (label: string, names: readonly string[]) => {
    const told = section('x', 0, { withHistory: false });
    const failures = names.map((testName) => ({
      testName,
      testFile: undefined,
      outcome: 'failed',
      line: undefined,
      errorType: 'KeyError',
      message: label,
      failureSignature: `md5:${testName === 'two ways' ? label : ''}`,
    }));
    const totals = { ...told.totals, total: 9, failed: names.length };
    return {
      ...jobIdentity(Buffer.from(label).toString('hex').padStart(12, '0')),
      label,
      section: { ...told, totals, failures },
    };
  };
  const own = Array.from({ length: 60 }, (_, i) => `own ${i}`);
  const part = makePart(
    [failing('a', [...own, 'shared', 'two ways']), failing('b', ['shared', 'two ways'])],
    {
      key: 'd'.repeat(12),
    },
  );
  const alone = makePart([failing('0', ['z'])], { key: '0'.repeat(12) });
  const body = renderComment({ sha: '1'.repeat(40), run: 1, parts: [alone, part] });

  it('count tests, not the ways in which they fail', () => {
    expect(part.failures.failed).toBe(62);
  });

  it('are both named so where there are two', () => {
    expect(body).toContain('in both jobs');
  });

  it('tell first what fails in most of them, before any heading of a single job', () => {
    expect(body.indexOf('- `shared`')).toBeGreaterThan(0);
    expect(body.indexOf('- `shared`')).toBeLessThan(body.indexOf('- `own 0`'));
    expect(body.indexOf('- `own 0`')).toBeLessThan(body.indexOf('#### `0`'));
  });
});

describe('coverage', () => {
  it.each([
    ['Lines without a test (1 file)', [[7, 8]], []],
    ['Branches without a test (1 file)', [], [[12, 13]]],
    ['Lines and branches without a test (1 file)', [[7, 8]], [[12, 13]]],
  ] as const)('of a change is headed by what has no test: %s', (title, uncovered, partial) => {
    const branches = { changed: 4, covered: 3, uncovered: partial, partial };
    const file = { filePath: 'a.py', changedStatements: 9, coveredStatements: 9, uncovered, branches };
    const patch = {
      baseSha: 'b'.repeat(40),
      coverage: { ...file, percent: 100, files: [file], lost: [], unreported: [], branches },
      runs: 1,
    };
    const body = renderSection(
      { ...section('a', 0), patch },
      { failures: 9, messages: true, fixes: true, excerpts: 9, extras: true, more: '' },
    );
    expect(body).toContain(`<summary>${title}</summary>`);
    expect(body).toContain('| File | Not covered | Changed statements covered |');
  });

  it('is told with its change against the base branch and the files that moved', () => {
    const told = section('tests/a.py', 0);
    const totals = { ...told.totals, coveragePercent: 79.96 };
    const text = renderSection(
      { ...told, totals },
      { failures: 9, messages: true, fixes: true, excerpts: 9, extras: true, more: '' },
    );
    expect(text).toContain('**Coverage** 80 % (−0.04 against `tests/a.py`)');
    expect(text).toContain('| `tests/a.py` | 71.4 % | 80 % | +8.6 |');
  });
});

describe('solutions', () => {
  it('are nowhere when they are hidden', () => {
    const hidden = { ...section('n', 1, { withHistory: true, hideSolutions: true }) };
    const told = JSON.stringify(hidden).replaceAll('"rootCause":"n"', '"rootCause":"SECRET"');
    const revived = JSON.parse(told.replaceAll('"solution":"n"', '"solution":"SECRET"')) as Section;
    const memories = revived.history?.failures ?? [];
    const history = makeRunHistory({
      baseBranch: undefined,
      failures: memories.map((failure) => ({
        ...failure,
        match: failure.match && {
          ...failure.match,
          memory: { ...failure.match.memory, lastApplied: undefined, autoFixCode: 'SECRET' },
        },
      })),
    });
    const quiet = { ...hidden, history };
    const everything = [
      renderComment({
        sha: '1'.repeat(40),
        run: 1,
        parts: [makeJob(quiet, '000000000001', 'x')],
      }),
      renderJobSummary({ ...quiet, label: 'x', slowest: [], warnings: [] }),
      ...renderAnnotations({ ...quiet, all: 1, locate: () => undefined }),
    ].join('\n');
    expect(everything).not.toContain('SECRET');
    expect(everything).toContain('Known failure');
    expect(everything).toContain('01234567');
  });
});

describe('log', () => {
  it('keeps node ids as they can be copied', () => {
    expect(logLines('tests/test_a.py::TestB::test_c')).toBe('tests/test_a.py::TestB::test_c\n');
  });

  it.each([
    ['postgresql://u:p%40ss@h/d', ['p%40ss', 'p@ss']],
    ['postgres://u:secret@h/d?sslmode=require', ['secret']],
    ['postgres://u@h/d?password=other', ['other']],
    ['postgres://u@h/d', []],
    ['not a url', []],
  ])('finds what to mask in %s', (url, secrets) => {
    expect(secretsOf(url)).toEqual(secrets);
  });
});
