// Action of `lukhas doctor`: gathers facts about database, checkout, report and token, has them judged, and prints what is to be mended.
import { join } from 'node:path';
import { detectContext } from '../../context/context.ts';
import { readToken } from '../../context/token.ts';
import { InputError, ReportError } from '../../errors.ts';
import {
  type CheckoutFacts,
  type DatabaseFacts,
  type EmbeddedFacts,
  type HealthFacts,
  noDatabaseFacts,
  type ReportFacts,
  type Trouble,
} from '../../health.ts';
import { findIllnesses, growthOf, type HealthRules } from '../../judge/health.ts';
import { findFiles, openReport, readStart } from '../../read/files.ts';
import { noTests, surveyReports } from '../../read/report/survey.ts';
import { describeDataDir } from '../../store/database/data-dir.ts';
import type { Connect } from '../../store/database/port.ts';
import { readHealth, troubleOf } from '../../store/keep/health.ts';
import { type Policy, readPolicy } from '../../store/keep/policy.ts';
import { monthsMadeAhead } from '../../store/schema/partitions.ts';
import { toJson } from '../../tell/json.ts';
import { healthJson, renderHealth } from '../../tell/terminal/doctor.ts';
import type { Terminal } from '../../tell/terminal/terminal.ts';
import { parseBytes } from '../bytes.ts';
import { dataDirOf } from '../data-dir.ts';
import { type ExitCode, exitCodes } from '../process.ts';
import type { CommandSettings } from './answer.ts';

export interface DoctorSettings extends CommandSettings {
  readonly team: string | undefined;
  readonly disk: string | undefined;
  readonly keep: readonly string[];
}

/** Whole months that each table keeps. */
function rulesOf(policy: Policy): HealthRules {
  const monthDays = 365.25 / 12;
  const months = (table: keyof Policy) => Math.ceil(policy[table].days / monthDays - 0.01);
  return {
    monthsAhead: monthsMadeAhead,
    keptMonths: {
      test_runs: months('test_runs'),
      test_results: months('test_results'),
      coverage_data: months('coverage_data'),
    },
  };
}

/** Whoever waits in an upload waits a minute for the embedded database; who asks for its health is told at once. */
const embeddedWaitMs = 700;
/** A server that says nothing for so long does not answer. */
const serverStallMs = 10_000;

export async function doctor(
  settings: DoctorSettings,
  named: readonly string[],
  terminal: Terminal,
): Promise<ExitCode> {
  const diskBytes = settings.disk === undefined ? undefined : parseBytes(settings.disk, '--disk');
  const policy = readPolicy(settings.keep);
  const rules = rulesOf(policy);
  const cwd = process.cwd();
  const [{ database, embedded, found }, { checkout, token, isInActions }, reports] = await Promise.all([
    readDatabase(settings, policy),
    readSurroundings(cwd),
    readReports(named, cwd),
  ]);
  const facts: HealthFacts = {
    now: new Date(),
    database,
    embedded,
    diskBytes,
    checkout,
    reports: reports.facts,
    token,
    isInActions,
    troubles: [...found, ...reports.troubles],
  };
  const findings = findIllnesses(facts, rules);
  const growth = growthOf(facts, rules);
  if (settings.json) await terminal.write(`${toJson(healthJson(facts, findings, growth))}\n`);
  else for (const line of renderHealth(facts, findings, growth, terminal.paint)) terminal.out(line);
  return findings.length === 0 ? exitCodes.ok : exitCodes.failOn;
}

interface FoundDatabase {
  readonly database: DatabaseFacts;
  readonly embedded: EmbeddedFacts | undefined;
  readonly found: readonly Trouble[];
}

async function readDatabase(settings: DoctorSettings, policy: Policy): Promise<FoundDatabase> {
  const { databaseUrl, sslCa, team } = settings;
  const request = (connect: Connect) => ({
    connect,
    databaseUrl,
    env: process.env,
    teamSlug: team,
    policy,
    clock: () => new Date(),
  });
  if (databaseUrl !== undefined) {
    const { openPostgres } = await import('../../store/database/pg.ts');
    const connect: Connect = () =>
      openPostgres(databaseUrl, { stallMs: serverStallMs, sslCa, env: process.env });
    return { database: await readHealth(request(connect)), embedded: undefined, found: [] };
  }
  const state = await describeDataDir(dataDirOf(settings));
  const embedded = {
    folder: state.folder,
    isThere: state.holds === 'something',
    bytes: state.bytes,
    freeBytes: state.freeBytes,
  };
  // Nothing is made where nothing is: the first upload does.
  if (!embedded.isThere) return { database: noDatabaseFacts, embedded, found: [] };
  const { openEmbedded } = await import('../../store/schema/embedded.ts');
  const remarks: string[] = [];
  const connect: Connect = () =>
    openEmbedded(state.folder, { waitMs: embeddedWaitMs, onMessage: (remark) => void remarks.push(remark) });
  const database = await readHealth(request(connect));
  const replaceable = remarks.find((remark) => remark.startsWith('anybody can put another folder'));
  const found =
    replaceable === undefined
      ? []
      : [
          {
            code: 'data-dir-replaceable',
            message: replaceable,
            fix: 'Close the folder above it, or move the database: --data-dir or LUKHAS_DATA_DIR.',
          },
        ];
  return { database, embedded, found };
}

async function readSurroundings(
  cwd: string,
): Promise<Pick<HealthFacts, 'checkout' | 'token' | 'isInActions'>> {
  const { env } = process;
  const { context, repositoryRoot, warnings } = await detectContext({ env, cwd });
  const isInActions = env.GITHUB_ACTIONS === 'true';
  const checkout: CheckoutFacts = {
    ciSystem: context.ciSystem === 'local' ? undefined : context.ciSystem,
    repository: context.repository,
    gitSha: context.gitSha,
    gitBranch: context.gitBranch,
    jobName: context.jobName,
    isInRepository: repositoryRoot !== undefined,
    remarks: warnings.map(({ message }) => message),
  };
  const secret = env.GITHUB_TOKEN ?? env.GH_TOKEN ?? '';
  const token =
    isInActions && secret !== '' && context.repository !== undefined
      ? await readToken({
          token: secret,
          apiUrl: env.GITHUB_API_URL || 'https://api.github.com',
          repository: context.repository,
          pullRequest: context.pullRequest,
        })
      : undefined;
  return { checkout, token, isInActions };
}

interface FoundReports {
  readonly facts: readonly ReportFacts[];
  readonly troubles: readonly Trouble[];
}

/** Where none is named, so many of a folder's files are read, and none that takes long. */
const mostUnnamed = 5;
const mostUnnamedBytes = 20_000_000;

/** Reports that were named; where none was, some of what looks like one in this folder. */
async function readReports(named: readonly string[], workingDirectory: string): Promise<FoundReports> {
  const options = { workingDirectory, what: 'report', extension: '.xml' };
  const isNamed = named.length > 0;
  const { paths, problems } = await findFiles(isNamed ? named : ['*.xml'], options);
  const looksLikeOne = (path: string) =>
    /<testsuites?[\s>]/.test(readStart(join(workingDirectory, path)) ?? '');
  const candidates = isNamed ? paths : paths.slice(0, 50).filter(looksLikeOne).slice(0, mostUnnamed);
  const facts: ReportFacts[] = [];
  const troubles: Trouble[] = isNamed ? problems.map(troubleOf) : [];
  for (const path of candidates) {
    try {
      const report = await openReport(path, workingDirectory);
      if (!isNamed && report.bytes > mostUnnamedBytes) continue;
      const survey = await surveyReports([report], { allowIncomplete: false });
      const empty = noTests(survey);
      if (empty !== undefined) throw empty;
      facts.push({ name: path, tests: survey.testcases, isNamed });
    } catch (error) {
      troubles.push(reportTrouble(error, path));
    }
  }
  return { facts, troubles };
}

function reportTrouble(error: unknown, path: string): Trouble {
  if (!(error instanceof InputError) && !(error instanceof ReportError)) throw error;
  const { place, code, message, fix } = error;
  const where = [place?.file ?? path, place?.line, place?.column].filter((part) => part !== undefined);
  return { code, message: `${where.join(':')}: ${message}`, fix };
}
