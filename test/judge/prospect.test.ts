// How a repository stands: which runs are the base's last ones, and which tests the next change would be told are flaky. It must be
// what a change that really comes is told.
import { describe, expect, it } from 'vitest';
import { flakyTests, type StandingFacts, standingOf } from '../../src/judge/prospect.ts';
import { Random } from '../support/random.ts';
import { Story } from '../support/story.ts';

const factsOf = ({ runs }: Story): StandingFacts => ({ runs, commits: [], baseBranch: 'main' });
const flakyIn = (story: Story) =>
  flakyTests(factsOf(story), story.rows)
    .map(({ testName }) => testName)
    .sort();

describe('how the base stands', () => {
  const lastOf = (story: Story) =>
    (standingOf(factsOf(story))?.last ?? []).map(({ run, sha, behind }) => [
      run.jobName,
      sha,
      behind,
      run.totals.failed,
    ]);

  it('is told by the last run of each job, the newest commit first', () => {
    const story = new Story('ABC', { order: 'dates' })
      .run('A', 'F', { jobName: 'slow' })
      .run('A', 'F')
      .run('B', 'P')
      .run('C', 'P');
    expect(lastOf(story)).toEqual([
      ['tests', 'C', 0, 0],
      ['slow', 'A', 2, 1],
    ]);
  });

  it('names the jobs of a commit in one order, however the runs come', () => {
    const jobs = ['b', 'c', 'a'].map((jobName) => ({ jobName }));
    for (const some of [jobs, jobs.toReversed()]) {
      const story = some.reduce((before, job) => before.run('A', 'F', job), new Story('A'));
      expect(lastOf(story).map(([jobName]) => jobName)).toEqual(['a', 'b', 'c']);
    }
  });

  it('is told by the last attempt of one commit', () => {
    expect(lastOf(new Story('AB').run('A', 'P').run('B', 'F').run('B', 'P'))).toEqual([['tests', 'B', 0, 0]]);
    expect(lastOf(new Story('AB').run('A', 'P').run('B', 'P').run('B', 'F'))).toEqual([['tests', 'B', 0, 1]]);
  });

  it('is not told by strangers, old reports, edited checkouts, or branches', () => {
    const story = new Story('AB')
      .run('A', 'F')
      .run('B', 'P', { origin: 'stranger' })
      .run('B', 'P', { isStale: true })
      .run('B', 'P', { origin: 'local', isDirty: true })
      .run('X', 'P', { branch: 'feature' })
      .pull(7, 'Y', 'A', 'P');
    expect(lastOf(story)).toEqual([['tests', 'A', 0, 1]]);
  });

  it('is not known where the base has no run that counts', () => {
    expect(standingOf(factsOf(new Story('A')))).toBeUndefined();
    expect(standingOf(factsOf(new Story('A').run('A', 'P', { origin: 'stranger' })))).toBeUndefined();
    expect(standingOf(factsOf(new Story('A').run('X', 'P', { branch: 'feature' })))).toBeUndefined();
  });

  it('leaves out jobs whose last run is more than ten tested commits ago', () => {
    const story = new Story('ABCDEFGHIJKL').run('A', 'F', { jobName: 'renamed' }).all('BCDEFGHIJKL', 'P');
    expect(lastOf(story)).toEqual([['tests', 'L', 0, 0]]);
  });
});

describe('a flaky test', () => {
  it('failed and passed on one commit', () => {
    expect(flakyIn(new Story('ABC').run('A', 'P').run('B', 'F').run('B', 'P').run('C', 'P'))).toEqual(['t']);
  });

  it('passed after an attempt that failed in the run', () => {
    expect(flakyIn(new Story('ABC').run('A', 'P').run('B', 'rP').run('C', 'P'))).toEqual(['t']);
  });

  it('failed alone in two commits, with a pass after each', () => {
    expect(
      flakyIn(new Story('ABCDE').run('A', 'P').run('B', 'F').run('C', 'P').run('D', 'F').run('E', 'P')),
    ).toEqual(['t']);
  });

  it('is one of the job in which it failed, whatever job ran it last', () => {
    const story = new Story('ABC').run('A', 'P').run('A', 'P', { jobName: 'slow' });
    story
      .run('B', 'F', { jobName: 'slow' })
      .run('B', 'P', { jobName: 'slow' })
      .run('C', 'P', { jobName: 'slow' });
    story.run('B', 'P').run('C', 'P');
    expect(flakyTests(factsOf(story), story.rows)).toMatchObject([{ testName: 't', jobName: 'slow' }]);
    expect(flakyTests(factsOf(story), story.rows, 'tests')).toEqual([]);
  });

  it.each<[string, Story]>([
    ['never failed', new Story('ABC').all('ABC', 'P')],
    ['was broken once and repaired', new Story('ABCD').run('A', 'P').all('BC', 'F').run('D', 'P')],
    ['is broken now', new Story('ABCDEFGH').all('ABC', 'P').run('D', 'F').run('D', 'P').all('EFGH', 'F')],
    [
      'failed by chance in strangers\u2019 runs alone',
      new Story('ABC')
        .run('A', 'P')
        .run('B', 'F', { origin: 'stranger' })
        .run('B', 'P', { origin: 'stranger' })
        .run('C', 'P'),
    ],
    [
      'failed by chance more than 30 days ago',
      new Story('ABC')
        .run('A', 'P')
        .run('B', 'F')
        .run('B', 'P')
        .wait(24 * 40)
        .run('C', 'P'),
    ],
    [
      'has no past on the base',
      new Story('AB').all('AB', { u: 'P' }).pull(7, 'X', 'B', 'F').pull(7, 'X', 'B', 'P'),
    ],
  ])('is none that %s', (_, story) => {
    expect(flakyIn(story)).toEqual([]);
  });

  it('is called so exactly where a change that comes with its last failure is told so', () => {
    let flaky = 0;
    for (let seed = 1; seed <= 60; seed++) {
      const random = new Random(seed);
      const story = new Story('ABCDEFGHIJKLMNOPQRSTUVWXYZ');
      const rate = random.pick([0, 0.1, 0.3, 0.6]);
      let last = 'AssertionError';
      for (const sha of 'ABCDEFGHIJKLMNOPQRSTUVWXYZ'.slice(0, random.between(3, 26))) {
        const fails = random.chance(rate);
        if (fails) last = random.pick(['AssertionError', 'AssertionError', 'TimeoutError']);
        story.run(sha, fails ? `F:${last}` : 'P');
        if (fails && random.chance(0.4)) story.run(sha, 'P');
        if (random.chance(0.2)) story.pull(seed, `head${sha}`, sha, random.chance(rate) ? `F:${last}` : 'P');
      }
      const base = story.runs.findLast(({ branch }) => branch === 'main')?.testedSha ?? '';
      const isFlaky = new Map(
        flakyTests(factsOf(story), story.rows).map(({ testName, texts }) => [testName, texts]),
      );
      const hasFailed = story.rows.some(({ errorType }) => errorType === last);
      const [told] = story.judgePull(999, 'new', base, `F:${last}`, { after: 0.001 }).failures;
      const listed =
        isFlaky.get('t')?.some(({ errorType }) => errorType === last || errorType === undefined) === true;
      if (hasFailed) expect([seed, listed]).toEqual([seed, told?.class === 'flaky']);
      if (listed) flaky++;
    }
    expect(flaky).toBeGreaterThan(10);
  });
});
