// Which runs are of one line.
import { expect, test } from 'vitest';
import { type LineIdentity, makeLineId } from '../../../src/store/runs/line.ts';

const team = '11111111-1111-4111-8111-111111111111';
const line: LineIdentity = {
  repository: 'acme/shop',
  project: 'services/api',
  lane: 'nightly',
  jobName: 'CI / tests (3.12)',
  step: 'unit',
};

test('a line is one UUID for ever', () => {
  expect(makeLineId(team, line)).toBe('7e4cfa63-c5af-8d1a-a877-ea84dbcad4dd');
});

test('every part makes another line, an absent one too, and no part can stand for two', () => {
  const others: LineIdentity[] = [
    line,
    { ...line, repository: 'acme/shop2' },
    { ...line, project: '.' },
    { ...line, project: undefined },
    { ...line, lane: undefined },
    { ...line, jobName: 'CI / tests (3.13)' },
    { ...line, step: 'integration' },
    { ...line, step: undefined },
    { ...line, lane: 'nightly","CI / tests (3.12)', jobName: undefined },
  ];
  const ids = others.map((other) => makeLineId(team, other));
  expect(new Set([...ids, makeLineId(team.replace('1', '2'), line)]).size).toBe(others.length + 1);
});

test('steps that GitHub names, and the case of a repository, make no other line', () => {
  const unnamed = makeLineId(team, { ...line, step: undefined });
  for (const step of ['__run', '__run_5', '__lukhas_ingest_2', '__self'])
    expect(makeLineId(team, { ...line, step })).toBe(unnamed);
  expect(makeLineId(team, { ...line, repository: 'Acme/Shop' })).toBe(makeLineId(team, line));
});
