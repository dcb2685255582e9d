// Failures that are told as one, on the terminal, in the comment, in annotations and in JSON: the same groups everywhere.
import { describe, expect, it } from 'vitest';
import { groupByCause, shareMemories } from '../../src/judge/causes.ts';
import type { CauseKey, FailureHistory, HealixMemory } from '../../src/model.ts';
import { shortNames } from '../../src/tell/alike.ts';
import { renderAnnotations } from '../../src/tell/github/annotations.ts';
import { renderSection, type Section } from '../../src/tell/github/comment-section.ts';
import { causeLine } from '../../src/tell/json.ts';
import { renderSummary } from '../../src/tell/terminal/summary.ts';
import { createPaint } from '../../src/tell/terminal/terminal.ts';
import type { ToldFailure } from '../../src/tell/words.ts';
import { runnerCommands } from '../support/runner.ts';
import { makeFailureHistory, makeRunHistory } from '../support/runs.ts';

const key: CauseKey = `c1:${'a'.repeat(32)} tests/conftest.py:33`;
const memory: HealixMemory = {
  id: '9ce7f82a-0000-4000-8000-000000000000',
  rootCause: 'The database is not started',
  solution: 'docker compose up -d db',
  solutionType: undefined,
  autoFixCode: undefined,
  confidence: 0.75,
  successCount: 1,
  failureCount: 0,
  lastApplied: undefined,
};

const byFixture = (i: number): ToldFailure => ({
  testName: `tests/test_${i % 3}.py::test_case_${i}`,
  testFile: `tests/test_${i % 3}.py`,
  outcome: 'error',
  line: undefined,
  errorType: 'ConnectionError',
  message: 'failed on setup with "ConnectionError: no database"',
  failureSignature: `md5:${i % 3}`,
  causeKey: key,
});
const discount = (parameter: string): ToldFailure => ({
  testName: `tests/test_price.py::test_discount[${parameter}]`,
  testFile: 'tests/test_price.py',
  outcome: 'failed',
  line: 8,
  errorType: 'AssertionError',
  message: 'assert 190 == 180',
  failureSignature: 'md5:price',
});

const judged = (
  failures: readonly ToldFailure[],
  over: (i: number) => Partial<FailureHistory> = () => ({}),
) =>
  makeRunHistory({
    failures: failures.map(({ testName, failureSignature, causeKey }, i) =>
      makeFailureHistory({ testName, failureSignature, causeKey, ...over(i) }),
    ),
  });

function sectionOf(failures: readonly ToldFailure[], history: Section['history']): Section {
  const errors = failures.filter(({ outcome }) => outcome === 'error').length;
  return {
    totals: {
      total: 90,
      passed: 90 - failures.length,
      failed: failures.length - errors,
      skipped: 0,
      errors,
      durationSeconds: 1,
      coveragePercent: undefined,
    },
    lost: 0,
    incomplete: false,
    troubles: [],
    xfailed: 0,
    failures,
    history,
    leastCovered: [],
    stored: { ok: true, text: 'stored as run 0190 of team local' },
    hideSolutions: false,
  };
}

const terminal = (section: Section, columns = 80) =>
  renderSummary(
    { ...section, reports: ['results.xml'], slowest: [], coveredFiles: 0, warnings: [] },
    { paint: createPaint(false), columns, mostFailures: 20, hint: '--verbose shows more' },
  );
const detail = {
  failures: 50,
  messages: true,
  fixes: true,
  excerpts: 9,
  extras: true,
  more: 'see the summary',
};

const sixty = Array.from({ length: 60 }, (_, i) => byFixture(i));

it('a failure that pytest ran again has its attempts beside it on each surface', () => {
  const twice = [{ ...discount('1'), attempts: 2 }];
  const section = sectionOf(twice, judged(twice));
  expect(terminal(section)).toContain('2 attempts; not a test of 55555555');
  expect(renderSection(section, detail)).toContain('<br>2 attempts; not a test of `55555555`');
  const [error] = runnerCommands(renderAnnotations({ ...section, all: 1, locate: (file) => file }).join(''));
  expect(error?.message).toContain('\n2 attempts; not a test of 55555555');
});

describe('60 failures of one fixture', () => {
  it('are one cause on the terminal, with one place and one line to teach', () => {
    expect(terminal(sectionOf(sixty, judged(sixty))).split('\n')).toEqual([
      '✗ 90 tests in 1.00 s   results.xml   against main @ 55555555 (merge base)',
      '  60 errors · 30 passed',
      '',
      'NEW 60  ConnectionError  tests/conftest.py:33  (60 tests, 1 cause)',
      '          setup: no database',
      '          tests/test_0.py::test_case_0 tests/test_1.py::test_case_1 and 58 more',
      '          not a test of 55555555',
      "          pytest 'tests/test_0.py::test_case_0'",
      "          lukhas healix add --test 'tests/test_0.py::test_case_0' --cause '…' --solution '…'",
      '',
      '✗ 60 new   stored as run 0190 of team local',
    ]);
  });

  it('are counted where the report shows the words of some alone', () => {
    const told = terminal(sectionOf(sixty, judged(sixty))).replace(/^.*\n.*\n/, '');
    const cut = { ...sectionOf(sixty, judged(sixty)), failures: sixty.slice(0, 7) };
    expect(terminal(cut).replace(/^.*\n.*\n/, '')).toBe(told);
    expect(renderSection(cut, detail)).toContain('**60 tests, 1 cause:**');
  });

  it('are one item in a comment and one annotation at their place', () => {
    const section = sectionOf(sixty, judged(sixty));
    const comment = renderSection(section, detail);
    expect(comment.match(/^- .*/gm)).toEqual([
      '- **60 tests, 1 cause:** `tests/test_0.py::test_case_0`, `tests/test_1.py::test_case_1`, `tests/test_2.py::test_case_2`, `tests/test_0.py::test_case_3`, `tests/test_1.py::test_case_4` and 55 more<br>`ConnectionError: no database` in setup at `tests/conftest.py:33`<br>not a test of `55555555`',
    ]);
    expect(comment.match(/lukhas healix add/g)).toHaveLength(1);
    const commands = runnerCommands(
      renderAnnotations({ ...section, all: 60, locate: (file) => file }).join(''),
    );
    expect(commands).toMatchObject([
      {
        properties: {
          file: 'tests/conftest.py',
          line: '33',
          title: 'new: tests/test_0.py::test_case_0 (60 tests, 1 cause)',
        },
      },
    ]);
    // A library's line is in no checkout.
    const [own] = runnerCommands(
      renderAnnotations({
        ...section,
        all: 60,
        locate: (file) => (file.includes('conftest') ? undefined : file),
      }).join(''),
    );
    expect(own?.properties.file).toBe('tests/test_0.py');
  });

  it('are all known by a memory of one, and say how many are new', () => {
    const { failures } = judged(sixty, (i) => ({
      class: i < 58 ? 'new' : 'pre-existing',
      match: i === 41 ? { memory, tier: 'exact' } : undefined,
      known: i === 41,
    }));
    const shared = shareMemories(failures);
    expect(shared.map(({ testName }) => testName)).toEqual(failures.map(({ testName }) => testName));
    expect(new Set(shared.map(({ known, match }) => `${known} ${match?.tier} ${match?.memory.id}`))).toEqual(
      new Set([`true cause ${memory.id}`, `true exact ${memory.id}`]),
    );
    const text = terminal(sectionOf(sixty, makeRunHistory({ failures: shared })));
    expect(text).toContain('60 errors · 30 passed · 60 known');
    expect(text).toContain('NEW 58  ConnectionError  tests/conftest.py:33  (58 tests, 1 cause)');
    expect(text).toContain('OLD 2   ConnectionError  tests/conftest.py:33  (2 tests, 1 cause)');
    expect(text).toContain('◆ known cause, confidence 0.75, worked 1 of 1 times');
    expect(text).not.toContain('healix add');
    const [cause] = groupByCause(shared).map((one) => JSON.parse(causeLine(one)) as Record<string, unknown>);
    expect(cause).toMatchObject({ kind: 'cause', key, place: 'tests/conftest.py:33', memory_id: memory.id });
    expect(cause?.failures).toHaveLength(60);
  });
});

describe('a memory', () => {
  it('of another cause, or one that only looks alike, makes nothing known', () => {
    const other: CauseKey = `c1:${'b'.repeat(32)} tests/conftest.py:33`;
    const { failures } = judged(sixty.slice(0, 4), (i) => ({
      causeKey: i === 0 ? other : i === 3 ? undefined : key,
      match: i === 1 ? { memory, tier: 'similar' } : i === 2 ? undefined : { memory, tier: 'exact' },
      known: i === 0 || i === 3,
    }));
    expect(shareMemories(failures)).toEqual(failures);
  });
});

describe('failures of one line of one test', () => {
  const three = ['200-10', '200-50', '10-100'].map(discount);

  it('are told as one, with what is seen of some of them', () => {
    const history = judged(three, (i) => ({
      reason:
        i === 2 ? { kind: 'absent-there' } : { kind: 'green-there', sha: '5'.repeat(40), jobs: undefined },
      match: i === 0 ? { memory, tier: 'similar' } : undefined,
    }));
    expect(terminal(sectionOf(three, history)).split('\n').slice(3, -2)).toEqual([
      'NEW 3  AssertionError  tests/test_price.py:8  assert 190 == 180  (and 2 like it)',
      '         test_discount[200-10] [200-50] [10-100]',
      '         2 of them: passed on 55555555; 1 of them: not a test of 55555555',
      "         pytest 'tests/test_price.py::test_discount[200-10]'",
      '         ◆ looked like this before: "The database is not started"',
      '           worked 1 of 1 times, 1 of 3   9ce7f82a',
      "         lukhas healix add --test 'tests/test_price.py::test_discount[200-10]' --cause '…' --solution '…'",
    ]);
  });

  it('are apart where no line is known, or they have another class', () => {
    const blind = three.map((failure) => ({ ...failure, line: undefined }));
    expect(terminal(sectionOf(blind, judged(blind)))).not.toContain('like it');
    const mixed = terminal(
      sectionOf(
        three,
        judged(three, (i) => ({ class: i === 0 ? 'flaky' : 'new' })),
      ),
    );
    expect(mixed).toContain('(and 1 like it)');
    expect(mixed).toContain('FLAKY 1  AssertionError');
  });
});

describe('the lines of a terminal', () => {
  it('stay within 80 columns, but for commands and ids to copy', () => {
    const many = Array.from({ length: 2000 }, (_, i) => ({
      ...discount(`${i}`),
      testName: `tests/area_${i % 37}/test_${i % 91}.py::test_case_${i}`,
      line: i,
      failureSignature: `md5:${i}`,
      causeKey:
        i % 4 === 0
          ? (`c1:${String(i % 9).repeat(32)} src/shop/area/deep/module_${i % 9}.py:10` as const)
          : undefined,
      message: `assert ${'x'.repeat(i % 200)} == 1`,
    }));
    const text = terminal(
      sectionOf(
        many,
        judged(many, (i) => ({ class: i % 5 === 0 ? 'flaky' : 'new' })),
      ),
    );
    const long = text.split('\n').filter((line) => [...line].length > 80);
    expect(long.filter((line) => !/^ +(?:pytest|lukhas) /.test(line))).toEqual([]);
    expect(text).toContain('more: --verbose shows more');
    expect(text.split('\n').length).toBeLessThan(140);
    expect(text.split('\n').at(-1)).toMatch(/^✗ 1,600 new, 400 flaky/);
  });

  it('say once why all are old, whatever each was called before', () => {
    const three = ['1', '2', '3'].map(discount);
    const text = terminal(
      sectionOf(
        three,
        judged(three, (i) => ({
          class: 'pre-existing',
          formerName: `tests/test_cash.py::test_rebate[${i}]`,
        })),
      ),
    );
    expect(text).toContain('OLD 3');
    expect(text).not.toMatch(/of them|is called/);
  });

  it('say an outage in words, on every surface', () => {
    const history = { ...judged(sixty), isInfrastructure: true };
    const section = sectionOf(sixty, history);
    expect(terminal(section)).toContain('looks like infrastructure: nearly all tests failed here');
    expect(renderSection(section, detail)).toContain('looks like infrastructure');
    expect(renderAnnotations({ ...section, all: 60, locate: (file) => file }).join('')).toContain(
      'looks like infrastructure',
    );
    expect(terminal(sectionOf(sixty, judged(sixty)))).not.toContain('infrastructure');
  });

  it('name what is fixed by reason, apart from what is green by chance', () => {
    const history = makeRunHistory({
      fixed: [
        ...['test_a', 'test_b'].map((name) => ({
          kind: 'fixed' as const,
          testName: `tests/test_x.py::${name}`,
          since: '6'.repeat(40),
          sinceAt: 0,
          wasGreen: true,
        })),
        {
          kind: 'green-here',
          testName: 'tests/test_y.py::test_c',
          redAt: '7'.repeat(40),
          passesElsewhere: false,
        },
      ],
    });
    expect(terminal(sectionOf([], history)).split('\n').slice(3)).toEqual([
      'FIXED 2  test_a test_b  red on main since 66666666',
      'GREEN 1  tests/test_y.py::test_c  red on main at 77777777',
      '',
      '✓ 2 fixed   stored as run 0190 of team local',
    ]);
  });
});

describe('names', () => {
  it.each([
    [
      ['t.py::a[1]', 't.py::a[2]', 't.py::b'],
      ['a[1]', '[2]', 'b'],
    ],
    [
      ['t.py::A::a[1]', 't.py::B::a[1]'],
      ['A::a[1]', 'B::a[1]'],
    ],
    [
      ['t.py::a', 'u.py::a'],
      ['t.py::a', 'u.py::a'],
    ],
    [['t.py::a'], ['t.py::a']],
    [
      ['no id', 'none'],
      ['no id', 'none'],
    ],
  ])('%j are shown as %j', (names, shown) => {
    expect(shortNames(names)).toEqual(shown);
  });
});
