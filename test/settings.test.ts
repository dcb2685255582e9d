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

  it('have defaults, and a leap day', () => {
    const settings = parseSettings({
      ...raw,
      createdAt: '2024-02-29T23:59:59.5Z',
      failOnCoverageDrop: '0.5%',
    });
    expect(settings).toMatchObject({
      createdAt: new Date('2024-02-29T23:59:59.5Z'),
      failOnCoverageDrop: 0.5,
      onEmpty: 'fail',
      requireCoverage: false,
      capturedOutput: 0,
    });
  });

  it.each([
    [{ team: 'Not A Slug' }, '--team: a team is named by its slug'],
    [{ createdAt: 'yesterday' }, '--created-at: must be report, now, or an ISO time with its zone'],
    [{ createdAt: '2026-11-22T16:05:00' }, '--created-at: must be report, now, or an ISO time with its zone'],
    [
      { createdAt: '2026-02-29T16:05:00Z' },
      '--created-at: must be report, now, or an ISO time with its zone',
    ],
    [{ createdAt: '2026-11-22T16:05Z' }, '--created-at: must be report, now, or an ISO time with its zone'],
    [{ markers: new Array<string>(201).fill('slow') }, '--marker: must not be more than 200'],
    [{ failOnPatchCoverage: '101' }, '--fail-on-patch-coverage: must be a percentage from 0 to 100'],
    [{ capturedOutput: '-1' }, '--captured-output: must be a number of lines from 0 to 100'],
    [{ coverage: [''] }, '--coverage: must not be empty'],
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
