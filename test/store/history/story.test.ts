// Thirty runs on two branches, with real commits and pytest's own reports (scripts/make-history.py): uploaded one after the
// other as a CI would, every failure's class, age and repairing commit must be what the story says.
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { asOptions } from '../../../src/errors.ts';
import { ingest } from '../../../src/ingest.ts';
import { openReport } from '../../../src/read/files.ts';
import { parseSettings } from '../../../src/settings.ts';
import { addMemory, findFailure, listMemories } from '../../../src/store/healix/memories.ts';
import { inTeam, openAccess } from '../../../src/store/schema/access.ts';
import { createPlace, keepConnections, type Place, placeNames } from '../../support/places.ts';
import { emptyContext } from '../../support/runs.ts';

interface Step {
  readonly report: string;
  readonly branch: string;
  readonly hours: number;
  readonly sha: string;
  /** Tests whose failure somebody writes a memory about, after the run. */
  readonly remember: readonly string[];
  readonly failures: Readonly<
    Record<
      string,
      {
        readonly class: string;
        readonly known: boolean;
        readonly since: string | null;
        readonly in_a_row: number | null;
        readonly last_fixed_by: string | null;
        readonly tier: string | null;
      }
    >
  >;
}

const folder = fileURLToPath(new URL('../../../fixtures/healix/history/', import.meta.url));

describe.each(placeNames)('on %s', (name) => {
  let place: Place;
  beforeAll(async () => {
    place = keepConnections(await createPlace(name));
  });
  afterAll(() => place.remove());

  test('every failure is told as the story has it', async () => {
    const steps = JSON.parse(await readFile(path.join(folder, 'history.json'), 'utf8')) as Step[];
    expect(steps).toHaveLength(30);
    const start = Date.now() - 28 * 86_400_000;
    let failures = 0;
    for (const [index, step] of steps.entries()) {
      const verdict = await upload(step, new Date(start + step.hours * 3_600_000));
      expect([index + 1, verdict.storeError, verdict.stored]).toEqual([index + 1, undefined, 'new']);
      const told = Object.fromEntries(
        (verdict.history?.failures ?? []).map((failure) => [
          failure.testName,
          {
            class: failure.class,
            known: failure.known,
            since: failure.since?.firstRed ?? null,
            in_a_row: failure.since?.inARow ?? null,
            last_fixed_by: failure.lastFixedBy ?? null,
            tier: failure.match?.tier ?? null,
          },
        ]),
      );
      expect([index + 1, told]).toEqual([index + 1, step.failures]);
      failures += Object.keys(told).length;
      for (const testName of step.remember) await remember(testName);
    }
    expect(failures).toBe(21);
    // Known by an exact match in run 23, green by a later commit in run 26; but what was red may be main's: nothing counts.
    const db = await place.connect();
    const access = await openAccess(db, { teamSlug: place.teamSlug, allowPrivilegedRole: false });
    const { memories } = await listMemories(db, access, { limit: 10 });
    expect(memories).toMatchObject([{ successCount: 0, failureCount: 0, confidence: 0.5 }]);
    if (!db.embedded) {
      const [row] = await inTeam(db, access, () =>
        db.query(`SELECT row_security_active('test_results') AS watched`),
      );
      expect(row).toEqual({ watched: true });
    }
    await db.close();
  });

  async function upload(step: Step, createdAt: Date) {
    const settings = parseSettings({
      reports: [step.report],
      coverage: [],
      dataDir: '-',
      ...(place.teamSlug === undefined ? {} : { team: place.teamSlug }),
      markers: [],
      createdAt: createdAt.toISOString(),
      set: [],
      allowIncomplete: false,
      allowPrivilegedRole: false,
      dryRun: false,
      failOn: [],
    });
    return ingest(settings, {
      now: new Date(),
      hostname: 'runner',
      workingDirectory: folder,
      reports: [await openReport(step.report, folder)],
      coverage: { paths: [], problems: [] },
      naming: asOptions,
      surroundings: Promise.resolve({
        context: () => ({
          ...emptyContext,
          repository: 'acme/shop',
          workflowRunId: step.report,
          gitSha: step.sha,
          gitBranch: step.branch,
          baseBranch: step.branch === 'feature' ? 'main' : undefined,
        }),
        repositoryRoot: undefined,
        checkout: undefined,
      }),
      connect: place.connect,
    });
  }

  async function remember(testName: string): Promise<void> {
    const db = await place.connect();
    const access = await openAccess(db, { teamSlug: place.teamSlug, allowPrivilegedRole: false });
    await addMemory(db, access, {
      about: await findFailure(db, access, { testName }),
      signed: {},
      rootCause: 'a total was changed',
      probableCause: undefined,
      solution: 'change it back',
      solutionType: 'code_fix',
      autoFixCode: undefined,
      confidence: undefined,
    });
    await db.close();
  }
});
