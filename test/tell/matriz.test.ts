// What the surfaces say of a MATRIZ analysis: its verdict in words, rules with places, annotations on lines of the checkout alone.
import { describe, expect, it } from 'vitest';
import type { MatrizReview, MatrizStar } from '../../src/model.ts';
import { renderViolations } from '../../src/tell/github/annotations.ts';
import { type JobRow, makePart, parseComment, renderComment } from '../../src/tell/github/comment.ts';
import { renderSection, type Section } from '../../src/tell/github/comment-section.ts';
import { matrizVerdict, placeOfLocation } from '../../src/tell/matriz.ts';
import { renderSummary } from '../../src/tell/terminal/summary.ts';
import { createPaint } from '../../src/tell/terminal/terminal.ts';
import { jobIdentity } from '../support/job-identity.ts';
import { runnerCommands } from '../support/runner.ts';

const violation = (rule: string, location?: string, severity?: string) => ({ rule, location, severity });
const star = (name: string, status: MatrizStar['status'], violations: MatrizStar['violations'] = []) => ({
  name,
  status,
  confidence: 0.9,
  violations,
});
const guardian = star('guardian', 'BLOCKED', [
  violation('NEVER store passwords in plaintext', 'auth.ts:78', 'CRITICAL'),
]);
const review = (status: MatrizReview['status'], ...stars: MatrizStar[]): MatrizReview => ({
  status,
  score: 48,
  stars,
});
const blocked = review('BLOCKED', guardian, star('identity', 'APPROVED'));

const section = (matriz: Section['matriz'], failed = 0): Section => ({
  totals: {
    total: 3,
    passed: 3 - failed,
    failed,
    skipped: 0,
    errors: 0,
    durationSeconds: 1,
    coveragePercent: undefined,
  },
  lost: 0,
  incomplete: false,
  troubles: [],
  xfailed: 0,
  failures: [],
  history: undefined,
  matriz,
  leastCovered: [],
  stored: { ok: true, text: 'Stored as run 1' },
  hideSolutions: false,
});
const detail = { failures: 50, messages: true, fixes: true, excerpts: 9, extras: true, more: 'see the log' };

describe('the verdict in words', () => {
  it.each([
    [blocked, false, 'BLOCKED by guardian: score 48 of 100, 2 stars'],
    [blocked, true, "BLOCKED by guardian: score 48 of 100, 2 stars, by a stranger's own file"],
    [
      { ...review('APPROVED', star('bio', 'APPROVED')), score: 83.333 },
      false,
      'APPROVED: score 83.33 of 100, 1 star',
    ],
    [
      review('CHANGES_REQUESTED', star('a', 'CHANGES_REQUESTED'), star('b', 'CHANGES_REQUESTED')),
      false,
      'CHANGES_REQUESTED by a, b: score 48 of 100, 2 stars',
    ],
    [
      review('BLOCKED', ...['a', 'b', 'c', 'd'].map((name) => star(name, 'BLOCKED'))),
      false,
      'BLOCKED by a, b and 2 more: score 48 of 100, 4 stars',
    ],
  ] as const)('%#', (of, isForeign, words) => {
    expect(matrizVerdict({ review: of, isForeign })).toBe(words);
  });
});

it.each([
  ['auth.ts:78', { file: 'auth.ts', line: 78 }],
  ['src/auth.ts:78:5', { file: 'src/auth.ts', line: 78 }],
  ['./src/auth.ts', { file: 'src/auth.ts', line: undefined }],
  ['src\\auth.ts:3', { file: 'src/auth.ts', line: 3 }],
  [' C:\\work\\auth.ts:9 ', { file: 'C:/work/auth.ts', line: 9 }],
  ['a.py:12345678901', { file: 'a.py:12345678901', line: undefined }],
  ['a\nb:3', { file: 'a\nb', line: 3 }],
  ['', undefined],
  [undefined, undefined],
])('the location %j is %j', (location, place) => {
  expect(placeOfLocation(location)).toEqual(place);
});

describe('on the terminal', () => {
  const style = { paint: createPaint(false), columns: 80, mostFailures: 20 };
  const summary = (matriz: Section['matriz'], failed = 0) =>
    renderSummary(
      { ...section(matriz, failed), reports: ['r.xml'], slowest: [], coveredFiles: 0, warnings: [] },
      style,
    );

  it('a blocked star stands with rule and place, and green tests get no tick', () => {
    const text = summary({ review: blocked, isForeign: false });
    expect(text).toContain(
      'matriz    BLOCKED by guardian: score 48 of 100, 2 stars\n          ✗ guardian  CRITICAL: NEVER store passwords in plaintext  auth.ts:78',
    );
    expect(text).toMatch(/^✗ 3 tests/);
    expect(text).toMatch(/✗ blocked by MATRIZ {3}Stored as run 1$/);
    expect(text).not.toContain('✓');
  });

  it('ten rules and a count, each within the width; one without a rule says so', () => {
    const many = Array.from({ length: 14 }, (_, i) =>
      violation(`rule ${i} ${'x'.repeat(200)}`, `${'d/'.repeat(90)}f.py:1`),
    );
    const text = summary({
      review: review('BLOCKED', star('g', 'BLOCKED', many), star('quiet', 'BLOCKED')),
      isForeign: false,
    });
    expect(text).toContain('          and 5 more');
    for (const line of text.split('\n')) expect([...line].length).toBeLessThanOrEqual(80);
    expect(summary({ review: review('BLOCKED', star('quiet', 'BLOCKED')), isForeign: false })).toContain(
      '✗ quiet  names no rule',
    );
  });

  it('an approval leaves the tick, and says so in one line', () => {
    const text = summary({ review: review('APPROVED', star('bio', 'APPROVED')), isForeign: false });
    expect(text).toMatch(/^✓ 3 tests/);
    expect(text).toContain('matriz    APPROVED: score 48 of 100, 1 star\n');
  });

  it('what a terminal would act on is shown, not done', () => {
    const evil = '\u001b[2J\u202e\n##[error]x';
    const text = summary({
      review: review('BLOCKED', star(evil, 'BLOCKED', [violation(evil, evil, evil)])),
      isForeign: true,
    });
    expect(text).not.toMatch(/[\u001b\u202e]/);
  });
});

describe('in the comment', () => {
  const part = (job: string, matriz: Section['matriz'], failed = 0) => ({
    ...jobIdentity(job),
    label: `tests / ${job}`,
    section: section(matriz, failed),
  });
  const told = { review: blocked, isForeign: false };
  const comment = (...jobs: ReturnType<typeof part>[]) =>
    renderComment({ sha: '1'.repeat(40), run: 7, parts: [makePart(jobs, { key: 'd'.repeat(12) })] });

  it('blocked stars come first, with rule and place, and the heading is red', () => {
    expect(renderSection(section(told), detail)).toBe(
      '3 passed in 1.00 s\n\n**MATRIZ** BLOCKED by guardian&#58; score 48 of 100, 2 stars\n\n- ❌ `guardian` CRITICAL: NEVER store passwords in plaintext at `auth.ts:78`',
    );
    expect(comment(part('000000000001', told))).toContain('### ❌ 3 tests passed, blocked by MATRIZ');
    expect(comment(part('000000000001', told, 1))).toMatch(/### ❌ 1 of 3 tests failed.*, blocked by MATRIZ/);
  });

  it('a job of several that is blocked makes its row and the heading red, also where others copy its part unread', () => {
    const body = comment(part('000000000001', told), part('000000000002', undefined));
    expect(body).toContain('### ❌ 6 test runs passed in 2 jobs, blocked by MATRIZ');
    expect(body).toContain('| ❌ `000000000001` (blocked by MATRIZ) |');
    expect(body).toContain('**MATRIZ** of `000000000001`: BLOCKED');
    const state = parseComment(body);
    expect(state?.parts[0]?.rows.map(({ blocked: stars }: JobRow) => stars)).toEqual([1, 0]);
    expect(renderComment(state as NonNullable<typeof state>)).toBe(body);
  });

  it('one analysis of all jobs is told once', () => {
    const body = comment(part('000000000001', told), part('000000000002', told));
    expect(body.split('**MATRIZ**')).toHaveLength(2);
    expect(body).toContain('**MATRIZ** BLOCKED');
  });
});

describe('annotations', () => {
  const locate = (file: string) => (file === 'src/auth.ts' || file === 'auth.ts' ? 'src/auth.ts' : undefined);
  const commands = (of: MatrizReview, errorsSaid = 0) =>
    runnerCommands(renderViolations(of, { locate, errorsSaid }).join(''));

  it('stand on the lines of files that the checkout has', () => {
    const elsewhere = violation('r', '../../etc/passwd:1');
    expect(
      commands(review('BLOCKED', { ...guardian, violations: [...guardian.violations, elsewhere] })),
    ).toEqual([
      {
        name: 'error',
        properties: { file: 'src/auth.ts', line: '78', title: 'MATRIZ: blocked by guardian' },
        message: 'CRITICAL: NEVER store passwords in plaintext',
      },
    ]);
  });

  it('are at most five, fewer where errors were said, and of blocked stars alone', () => {
    const many = Array.from({ length: 9 }, (_, i) => violation(`r${i}`, `auth.ts:${i}`));
    expect(commands(review('BLOCKED', star('g', 'BLOCKED', many)))).toHaveLength(5);
    expect(commands(review('BLOCKED', star('g', 'BLOCKED', many)), 8)).toHaveLength(2);
    expect(commands(review('BLOCKED', star('g', 'BLOCKED', many)), 12)).toHaveLength(0);
    expect(commands(review('CHANGES_REQUESTED', star('g', 'CHANGES_REQUESTED', many)))).toEqual([]);
  });
});
