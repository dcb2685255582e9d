// Actions of `lukhas healix`: read files, call the store, print memories. No SQL here.
import { realpathSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { relative } from 'node:path';
import { InputError } from '../../errors.ts';
import { isMemoryNoBetter } from '../../judge/confidence.ts';
import { readStoredFailure } from '../../read/report/junit.ts';
import { driftOf } from '../../sign/drift.ts';
import { wordsOf } from '../../sign/words.ts';
import type { Database } from '../../store/database/port.ts';
import {
  acceptMemory,
  addMemory,
  countOutcome,
  editMemory,
  exportMemories,
  findFailure,
  findMemory,
  findNumberedFailure,
  importMemories,
  listMemories,
  type Memory,
  type MemoryTexts,
  retireLowConfidence,
  retireMemory,
  type Scope,
  type StoredFailure,
  unretireMemory,
  type Whereabouts,
} from '../../store/healix/memories.ts';
import { isPlaceholder, parseMemories } from '../../store/healix/memory-file.ts';
import { readSuiteNames, type SeenRename } from '../../store/questions/renames.ts';
import { type Access, inTeam, openAccess } from '../../store/schema/access.ts';
import { requireSchema } from '../../store/schema/state.ts';
import { shortSha } from '../../tell/evidence.ts';
import { toJson } from '../../tell/json.ts';
import { safeLine, safeText } from '../../tell/safe.ts';
import type { Terminal } from '../../tell/terminal/terminal.ts';
import { usage } from '../arguments.ts';
import type { ExitCode } from '../process.ts';
import { type Answer, answer, type CommandSettings, lookUp, required } from './answer.ts';
import { ask, canAsk } from './prompt.ts';

interface ScopeSettings extends CommandSettings {
  readonly team: string | undefined;
  /** The memories that all teams share. */
  readonly shared?: boolean;
}
type OneMemory = ScopeSettings & { readonly id: string };

/** A fix is a page or two of text; more than this is a wrong file. In bytes. */
const largestFix = 65_536;
/** In characters. */
const longestText = 100_000;
/** In bytes. */
const largestImport = 128 * 1024 * 1024;

function answerIn(
  settings: ScopeSettings,
  terminal: Terminal,
  work: (db: Database, scope: Scope) => Promise<Answer>,
): Promise<ExitCode> {
  return answer(settings, terminal, async (db) => work(db, await scopeOf(db, settings)));
}

async function scopeOf(db: Database, settings: ScopeSettings): Promise<Scope> {
  if (settings.shared !== true) {
    // Every statement names the team, so an administrator is allowed to work for the team named.
    return openAccess(db, { teamSlug: settings.team, allowPrivilegedRole: settings.team !== undefined });
  }
  await requireSchema(db);
  return 'shared';
}

export function list(
  {
    limit = 50,
    ...settings
  }: ScopeSettings & {
    readonly test: string | undefined;
    readonly signature: string | undefined;
    readonly stale: boolean;
    readonly limit: number | undefined;
  },
  terminal: Terminal,
): Promise<ExitCode> {
  const { paint } = terminal;
  const filter = { test: settings.test, signature: settings.signature, stale: settings.stale, limit };
  return answerIn(settings, terminal, async (db, scope) => {
    const { memories, total } = await listMemories(db, scope, filter);
    const waiting = await listMemories(db, scope, { ...filter, proposed: true });
    const filtered = settings.test !== undefined || settings.signature !== undefined || settings.stale;
    const linesOf = (memory: Memory, rated: string) => [
      `${paint.bold(memory.id.slice(0, 8))}  ${rated}${marks(memory, paint)}`,
      `  ${safeLine(memory.testName)}`,
      `  ${paint.dim(safeLine(cut(memory.rootCause ?? memory.solution, 110)))}`,
    ];
    const lines = memories.flatMap((memory) => linesOf(memory, `${confidence(memory)}  ${tried(memory)}`));
    if (memories.length < total) lines.push('', `${total - memories.length} more: --limit ${total}`);
    const known =
      memories.length > 0
        ? lines
        : [
            filtered
              ? 'no memory like that'
              : 'no memories yet: lukhas healix add --test <node id> --solution <text>',
          ];
    const proposed =
      waiting.total === 0
        ? []
        : [
            '',
            `${waiting.total} proposed by programs, told to nobody: lukhas healix show <id>, accept <id> or retire <id>`,
            ...waiting.memories.flatMap((memory) => linesOf(memory, 'not accepted')),
          ];
    return {
      lines: [...known, ...proposed],
      json: {
        total,
        memories: memories.map(jsonOf),
        proposed_total: waiting.total,
        proposed: waiting.memories.map(jsonOf),
      },
    };
  });
}

/** Only a person accepts: without --yes it is shown and asked for. */
export async function accept(
  { yes, ...settings }: OneMemory & { readonly yes: boolean },
  terminal: Terminal,
): Promise<ExitCode> {
  const { paint } = terminal;
  if (!yes) {
    if (settings.json || !canAsk())
      throw usage(
        'accept asks a person, and nobody can answer here',
        '`lukhas healix show <id>` shows what was proposed, --yes accepts it.',
      );
    const memory = await lookUp(settings, terminal, async (db) =>
      findMemory(db, await scopeOf(db, settings), settings.id),
    );
    for (const line of describe(memory, paint)) terminal.err(line);
    const cancelled = 'cancelled; nothing was changed';
    const [word] = await ask(
      [
        {
          text: 'Tell it as known from now on? (yes or no)',
          refuse: (given) => (/^(yes|no)$/i.test(given) ? undefined : 'Write yes or no.'),
        },
      ],
      terminal,
      cancelled,
    );
    if (word?.toLowerCase() !== 'yes') throw new InputError({ code: 'cancelled', message: cancelled });
  }
  return answerIn(settings, terminal, async (db, scope) => {
    const memory = await acceptMemory(db, scope, settings.id);
    return {
      lines: [`${paint.green('✓')} ${memory.id} is known from now on  ${safeLine(memory.testName)}`],
      json: jsonOf(memory),
    };
  });
}

export function show(settings: OneMemory, terminal: Terminal): Promise<ExitCode> {
  return answerIn(settings, terminal, async (db, scope) => {
    const memory = await findMemory(db, scope, settings.id, 'too');
    const renames = await renamesOf(db, scope, memory);
    return {
      lines: describe(memory, terminal.paint, renames),
      json: {
        ...jsonOf(memory),
        ...(renames.length === 0
          ? {}
          : {
              renamed_to: renames.map(({ to, gitSha, seenAt }) => ({
                to,
                seen_git_sha: gitSha ?? null,
                seen_at: seenAt.toISOString(),
              })),
            }),
      },
    };
  });
}

/** Where the function of a memory's test went in its repository and project; each way with what came after. */
async function renamesOf(db: Database, scope: Scope, memory: Memory): Promise<readonly SeenRename[]> {
  const { repository, project, testName } = memory;
  if (scope === 'shared' || memory.shared || repository === undefined) return [];
  const names = await inTeam(db, scope, () => readSuiteNames(db, scope, testName, { repository, project }));
  return names.flatMap(({ later }) => later.flat());
}

interface TextSettings {
  readonly solution: string | undefined;
  readonly cause: string | undefined;
  readonly probableCause: string | undefined;
  readonly type: string | undefined;
  readonly fixFile: string | undefined;
  readonly confidence: number | undefined;
}

interface AddSettings extends ScopeSettings, TextSettings {
  /** Of a failure of the last run, or of the run named. */
  readonly number: string | undefined;
  readonly test: string | undefined;
  readonly run: string | undefined;
  readonly signature: string | undefined;
}

export async function add(settings: AddSettings, terminal: Terminal): Promise<ExitCode> {
  const { paint } = terminal;
  const find = findingOf(settings);
  const given = await textsOf(settings);
  if (given.solution === undefined && (settings.json || !canAsk())) required(undefined, '--solution <text>');
  const inTeamOf = async <T>(db: Database, work: (access: Access) => Promise<T>): Promise<T> => {
    const scope = await scopeOf(db, settings);
    if (scope === 'shared') throw new Error('add takes no --shared');
    return work(scope);
  };
  // The database is closed while a person thinks.
  const about = await lookUp(settings, terminal, (db) => inTeamOf(db, (access) => find(db, access)));
  const texts = await complete(given, about, terminal);
  return answer(settings, terminal, (db) =>
    inTeamOf(db, async (access) => {
      const memory = await addMemory(db, access, { about, signed: signedOf(about), ...texts });
      return {
        lines: [
          `${paint.green('✓')} memory ${memory.id} added, from the failure in run ${about.runId}`,
          ...describe(memory, paint).slice(1),
        ],
        json: jsonOf(memory),
      };
    }),
  );
}

/** How the failure is found: by its number, or by its test. */
function findingOf(settings: AddSettings): (db: Database, access: Access) => Promise<StoredFailure> {
  const { number, test, run: runId, signature } = settings;
  if (number === undefined) {
    if (test === undefined)
      throw usage(
        'which failure? Its number or --test <node id> is missing',
        'The summary of an upload numbers the failures: lukhas healix add 1',
      );
    return (db, access) => findFailure(db, access, { testName: test, runId, signature });
  }
  if (!/^[1-9]\d{0,8}$/.test(number))
    throw usage(
      `not the number of a failure: ${JSON.stringify(number.slice(0, 60))}`,
      'The summary of an upload numbers the failures: lukhas healix add 1. A test is named with --test.',
    );
  if (test !== undefined || signature !== undefined)
    throw usage(
      `${test === undefined ? '--signature' : '--test'} does not go with the number of a failure`,
      'A number goes with --run alone.',
    );
  return (db, access) =>
    findNumberedFailure(db, access, { number: Number(number), runId, where: whereabouts });
}

/** The repository and folder that somebody stands in, as an upload from there would tell them. */
async function whereabouts(): Promise<Whereabouts> {
  const { detectContext } = await import('../../context/context.ts');
  const cwd = process.cwd();
  const { context, repositoryRoot } = await detectContext({ env: process.env, cwd });
  return {
    repository: context.repository,
    repositoryHost: context.repositoryHost,
    folder:
      repositoryRoot === undefined
        ? undefined
        : relative(realpathSync(repositoryRoot), realpathSync(cwd)).replaceAll('\\', '/') || '.',
  };
}

/** Asks for what a memory needs and no option says. Only where somebody can answer. */
async function complete(
  texts: Omit<MemoryTexts, 'solution'> & { readonly solution: string | undefined },
  about: StoredFailure,
  terminal: Terminal,
): Promise<MemoryTexts> {
  const { solution, rootCause } = texts;
  if (solution !== undefined) return { ...texts, solution };
  const { bold, dim, red } = terminal.paint;
  const type = about.errorType ?? 'failure';
  const first = about.message?.split('\n')[0] ?? '';
  const message = first.startsWith(`${type}: `) ? first.slice(type.length + 2) : first;
  terminal.err(`${bold(safeLine(about.testName))}  ${dim(`run ${about.runId}`)}`);
  terminal.err(`${red(safeLine(type))}  ${safeLine(cut(message, 200))}`);
  const cause = {
    text: 'what was it (Enter: not known)?',
    refuse: (text: string) => (text === '' ? undefined : refusalOf(text)),
  };
  const fix = {
    text: 'what is to be done?',
    refuse: (text: string) => (text === '' ? 'A memory needs a solution.' : refusalOf(text)),
  };
  const answers = await ask(rootCause === undefined ? [cause, fix] : [fix], terminal);
  const [said = ''] = rootCause === undefined ? answers : [rootCause];
  return { ...texts, rootCause: said === '' ? undefined : said, solution: answers.at(-1) ?? '' };
}

function refusalOf(text: string): string | undefined {
  if (isPlaceholder(text)) return `${safeLine(text.slice(0, 20))} says nothing yet: write your own words.`;
  return text.length > longestText ? `At most ${longestText} characters.` : undefined;
}

export async function edit(settings: OneMemory & TextSettings, terminal: Terminal): Promise<ExitCode> {
  const texts = await textsOf(settings);
  if (Object.values(texts).every((value) => value === undefined))
    throw usage('edit takes at least one option that changes something', 'See lukhas healix edit --help.');
  return answerIn(settings, terminal, async (db, scope) => {
    const memory = await editMemory(db, scope, settings.id, texts);
    return {
      lines: [
        `${terminal.paint.green('✓')} memory ${memory.id} changed`,
        ...describe(memory, terminal.paint).slice(1),
      ],
      json: jsonOf(memory),
    };
  });
}

/** What a person wrote, checked. */
async function textsOf(
  settings: TextSettings,
): Promise<Omit<MemoryTexts, 'solution'> & { readonly solution: string | undefined }> {
  for (const [option, value] of [
    ['--solution', settings.solution],
    ['--cause', settings.cause],
    ['--probable-cause', settings.probableCause],
  ] as const) {
    if (value?.trim() === '') throw usage(`${option} is empty`);
    if (value !== undefined && value.length > longestText)
      throw usage(`${option} is longer than ${longestText} characters`);
    if (value !== undefined && isPlaceholder(value))
      throw usage(
        `${option} says nothing yet: ${safeLine(value.slice(0, 20))} stands for your own words`,
        `Write them in its place: ${option} 'what you found out'`,
      );
  }
  if ((settings.type ?? '').length > 50) throw usage('--type is longer than 50 characters');
  return {
    solution: settings.solution,
    rootCause: settings.cause,
    probableCause: settings.probableCause,
    solutionType: settings.type,
    autoFixCode: settings.fixFile === undefined ? undefined : await readFix(settings.fixFile),
    confidence: settings.confidence,
  };
}

/** What the signatures are made of, for the memory's metadata. */
export function signedOf(about: StoredFailure): Record<string, string> {
  const failure = readStoredFailure(about);
  const { words, statement, place } = wordsOf(failure);
  const drift = driftOf(failure);
  return {
    ...(about.driftSignature === undefined
      ? {}
      : { drift_words: drift.words, drift_statement: drift.statement }),
    ...(words === '' ? {} : { words }),
    ...(statement === '' ? {} : { statement }),
    ...(place === undefined ? {} : { place }),
  };
}

export function count(
  settings: OneMemory,
  outcome: 'worked' | 'failed',
  terminal: Terminal,
): Promise<ExitCode> {
  const { paint } = terminal;
  return answerIn(settings, terminal, async (db, scope) => {
    const memory = await countOutcome(db, scope, settings.id, outcome);
    return {
      lines: [
        `${paint.green('✓')} ${memory.id}  ${confidence(memory)}  ${tried(memory)}${marks(memory, paint)}`,
      ],
      json: jsonOf(memory),
    };
  });
}

export function retire(
  {
    id,
    lowConfidence,
    dryRun,
    ...settings
  }: ScopeSettings & {
    readonly id: string | undefined;
    readonly lowConfidence: boolean;
    readonly dryRun: boolean;
  },
  terminal: Terminal,
): Promise<ExitCode> {
  const { paint } = terminal;
  if ((id === undefined) !== lowConfidence) {
    throw usage('retire takes the id of a memory, or --low-confidence', 'See lukhas healix retire --help.');
  }
  if (dryRun && id !== undefined) throw usage('--dry-run goes with --low-confidence');
  return answerIn(settings, terminal, async (db, scope) => {
    const memories =
      id === undefined
        ? await retireLowConfidence(db, scope, { dryRun })
        : [await retireMemory(db, scope, id)];
    const done = dryRun ? `${paint.yellow('○')} ` : `${paint.green('✓')} `;
    const word = dryRun ? 'would be retired' : 'retired';
    return {
      lines:
        memories.length === 0
          ? ['nothing to retire: no memory is below 0.5 and older than six months']
          : memories.map((memory) => `${done}${memory.id} ${word}  ${safeLine(memory.testName)}`),
      json: { dry_run: dryRun, retired: memories.map(jsonOf) },
    };
  });
}

export function unretire(settings: OneMemory, terminal: Terminal): Promise<ExitCode> {
  return answerIn(settings, terminal, async (db, scope) => {
    const memory = await unretireMemory(db, scope, settings.id);
    return {
      lines: [
        `${terminal.paint.green('✓')} ${memory.id} matches failures again  ${safeLine(memory.testName)}`,
      ],
      json: jsonOf(memory),
    };
  });
}

export async function importFile(
  { file, ...settings }: ScopeSettings & { readonly file: string },
  terminal: Terminal,
): Promise<ExitCode> {
  const { paint } = terminal;
  const name = file === '-' ? 'standard input' : file;
  const memories = parseMemories(textOf(await readImport(file), name), name);
  const partial = memories.filter((memory) => !/^md5:[0-9a-f]{32}$/.test(memory.failure_signature)).length;
  return answerIn(settings, terminal, async (db, scope) => {
    const { added, already } = await importMemories(db, scope, memories);
    return {
      lines: [
        `${paint.green('✓')} ${added} added${already === 0 ? '' : `, ${already} there already and left as they are`}`,
        ...(partial === 0
          ? []
          : [
              `${paint.yellow('note:')} ${partial} with a signature that is no whole MD5: matched only by exactly that text`,
            ]),
      ],
      json: { added, already },
    };
  });
}

/** Prints JSON whether it was asked for or not; without --json indented. */
export function exportAll(settings: ScopeSettings, terminal: Terminal): Promise<ExitCode> {
  return answerIn(settings, terminal, async (db, scope) => {
    const json = (await exportMemories(db, scope)).map(exportedOf);
    return { lines: settings.json ? [] : [toJson(json, 2)], json };
  });
}

async function readImport(file: string): Promise<Buffer> {
  if (file === '-') {
    const parts: Buffer[] = [];
    let bytes = 0;
    for await (const part of process.stdin) {
      bytes += (part as Buffer).length;
      if (bytes > largestImport) throw tooLarge('standard input', largestImport);
      parts.push(part as Buffer);
    }
    return Buffer.concat(parts);
  }
  return readUpTo(file, largestImport);
}

/** A fix is shown to people and never run; what is not text could not be shown. */
async function readFix(file: string): Promise<string> {
  const text = textOf(await readUpTo(file, largestFix), file);
  if (text.trim() === '') throw badFile(file, 'is empty');
  return text;
}

async function readUpTo(file: string, most: number): Promise<Buffer> {
  try {
    const state = await stat(file);
    if (!state.isFile()) throw badFile(file, 'is no file');
    if (state.size > most) throw tooLarge(file, most);
    return await readFile(file);
  } catch (error) {
    if (error instanceof InputError) throw error;
    const code = (error as NodeJS.ErrnoException).code;
    throw badFile(file, code === 'ENOENT' ? 'does not exist' : `cannot be read (${code ?? 'unknown'})`);
  }
}

function textOf(bytes: Buffer, file: string): string {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    if (text.includes('\0')) throw new TypeError('U+0000');
    return text;
  } catch {
    throw badFile(file, 'is not text in UTF-8');
  }
}

function badFile(file: string, what: string): InputError {
  return new InputError({
    code: 'file',
    message: `${what}; nothing was changed`,
    place: { file },
  });
}

function tooLarge(file: string, most: number): InputError {
  return badFile(file, `is larger than ${most >= 1 << 20 ? `${most >> 20} MB` : `${most >> 10} KB`}`);
}

function describe(memory: Memory, paint: Terminal['paint'], renames: readonly SeenRename[] = []): string[] {
  const field = (name: string, value: string | undefined): string[] =>
    value === undefined
      ? []
      : [`${name.padEnd(16)}${safeText(value).replaceAll('\n', `\n${' '.repeat(16)}`)}`];
  const {
    error_type: errorType,
    words: _,
    statement: __,
    place: ___,
    drift_words: ____,
    drift_statement: _____,
    baseline,
    ...others
  } = memory.metadata;
  const { untaught } = memory;
  const metadata = untaught !== undefined || baseline === undefined ? others : { ...others, baseline };
  return [
    `${paint.bold(`memory ${memory.id}`)}${marks(memory, paint)}`,
    ...field('test', memory.testName),
    ...renames.flatMap(({ to, gitSha, seenAt }) =>
      field(
        'renamed to',
        `${to}, first seen ${gitSha === undefined ? '' : `on ${shortSha(gitSha)} `}${seenAt.toISOString().slice(0, 10)}`,
      ),
    ),
    ...field('error', typeof errorType === 'string' ? errorType : undefined),
    ...field('cause', memory.rootCause),
    ...field('probable cause', memory.probableCause),
    ...field('solution', memory.solution),
    ...field('type', memory.solutionType),
    ...field('confidence', `${confidence(memory)}, ${tried(memory)}`),
    ...field(
      'untaught',
      untaught && `repaired ${untaught.recovered} of ${untaught.recovered + untaught.lasted} times`,
    ),
    ...field('last applied', memory.lastApplied?.toISOString().slice(0, 10)),
    ...field('star', memory.matrizStar),
    ...field('signature', memory.failureSignature),
    ...field('drift signature', memory.driftSignature),
    ...field('words signature', memory.wordsSignature),
    ...field(
      'repository',
      [memory.repositoryHost, memory.repository].filter((part) => part !== undefined).join('/') || undefined,
    ),
    ...field('project', memory.project),
    ...field('metadata', Object.keys(metadata).length === 0 ? undefined : JSON.stringify(metadata)),
    ...field('added', memory.createdAt.toISOString().slice(0, 10)),
    ...field('retired', memory.retiredAt?.toISOString().slice(0, 10)),
    ...(memory.autoFixCode === undefined
      ? []
      : [
          '',
          'suggested fix, to read and never run unseen:',
          '',
          ...safeText(memory.autoFixCode.trimEnd())
            .split('\n')
            .map((line) => `    ${line}`),
        ]),
  ];
}

function confidence(memory: Memory): string {
  return memory.confidence === undefined ? 'not rated' : memory.confidence.toFixed(2);
}

function tried(memory: Memory): string {
  const times = memory.successCount + memory.failureCount;
  if (times === 0) return 'never tried';
  return `worked ${memory.successCount} of ${times} times`;
}

function marks(memory: Memory, paint: Terminal['paint']): string {
  const mark = (name: string, is: boolean): string => (is ? `  ${paint.yellow(name)}` : '');
  const shared = memory.shared ? `  ${paint.cyan('shared')}` : '';
  return `${shared}${mark('stale', memory.stale)}${mark('no better than waiting', isMemoryNoBetter(memory))}${mark('proposed', memory.state === 'proposed')}${mark('retired', memory.retiredAt !== undefined)}`;
}

function cut(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`;
}

/** The document's form: what import takes again. */
function exportedOf(memory: Memory): Record<string, unknown> {
  return {
    id: memory.id,
    test_name: memory.testName,
    failure_signature: memory.failureSignature,
    drift_signature: memory.driftSignature ?? null,
    words_signature: memory.wordsSignature ?? null,
    repository: memory.repository ?? null,
    repository_host: memory.repositoryHost ?? null,
    project: memory.project ?? null,
    state: memory.state,
    root_cause: memory.rootCause ?? null,
    probable_cause: memory.probableCause ?? null,
    confidence: memory.confidence ?? null,
    solution: memory.solution,
    solution_type: memory.solutionType ?? null,
    auto_fix_code: memory.autoFixCode ?? null,
    success_count: memory.successCount,
    failure_count: memory.failureCount,
    last_applied: memory.lastApplied?.toISOString() ?? null,
    matriz_star: memory.matrizStar ?? null,
    metadata: memory.metadata,
    created_at: memory.createdAt.toISOString(),
  };
}

function jsonOf(memory: Memory): Record<string, unknown> {
  return {
    ...exportedOf(memory),
    shared: memory.shared,
    stale: memory.stale,
    no_better_than_waiting: isMemoryNoBetter(memory),
    retired_at: memory.retiredAt?.toISOString() ?? null,
  };
}
