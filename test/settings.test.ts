import { describe, expect, it } from 'vitest';
import { InputError } from '../src/errors.ts';
import { parseSettings } from '../src/settings.ts';

const raw = {
  reports: ['results.xml'],
  coverage: [],
  dataDir: '/data',
  markers: [],
  createdAt: 'report',
  set: [],
  allowIncomplete: false,
  allowPrivilegedRole: false,
  dryRun: false,
  failOn: [],
};

describe('the settings of an upload', () => {
  it('are taken as they stand when they are right', () => {
    expect(parseSettings({ ...raw, team: 'lukhas-ai-core', lane: ' core ', createdAt: 'now' })).toMatchObject(
      {
        team: 'lukhas-ai-core',
        lane: 'core',
        createdAt: 'now',
      },
    );
  });

  it('take a time with its zone', () => {
    expect(parseSettings({ ...raw, createdAt: '2026-11-22T16:05:00+01:00' }).createdAt).toEqual(
      new Date('2026-11-22T15:05:00Z'),
    );
  });

  it.each([
    [{ team: 'Not A Slug' }, '--team: a team is named by its slug'],
    [{ createdAt: 'yesterday' }, '--created-at: must be report, now, or an ISO time with its zone'],
    [{ createdAt: '2026-11-22T16:05:00' }, '--created-at: must be report, now, or an ISO time with its zone'],
    [{ failOn: ['sometimes' as never] }, '--fail-on: must be any, new, no-history, unknown or blocked'],
    [{ lane: 'x'.repeat(51) }, '--lane: '],
    [{ lane: ' ' }, '--lane: '],
    [{ reports: [] }, 'report: '],
  ])('%j are refused by the name of their option', (wrong, message) => {
    const attempt = () => parseSettings({ ...raw, ...wrong });
    expect(attempt).toThrow(InputError);
    expect(attempt).toThrow(message);
  });
});
