// Which failures fail the build: the rule of --fail-on and of the Action's fail-on. The doors set the exit code.
import { InputError } from '../errors.ts';
import type { Verdict } from '../ingest.ts';
import type { FailureHistory, RunMatriz } from '../model.ts';
import { nearest } from '../nearest.ts';
import type { Settings } from '../settings.ts';
import { count, percent } from '../tell/words.ts';

/** What a build can fail on. */
export type Gate = Settings['failOn'][number];

/** The words that `fail-on` takes: the first alone, the others also with commas between. */
export const failOnWords = [
  'never',
  'any',
  'new',
  'no-history',
  'unknown',
  'blocked',
] as const satisfies readonly (Gate | 'never')[];

/**
 * Reads `never`, or gates with commas between them: `new,no-history`. Empty for `never`.
 *
 * @param name the option or input as its door calls it
 * @throws InputError `invalid-setting` naming the wrong word and what is taken
 */
export function parseFailOn(value: string, name: string): Gate[] {
  const words = value.split(',').map((word) => word.trim());
  const refuse = (message: string, fix = '') =>
    new InputError({
      code: 'invalid-setting',
      message: `${name} ${message}`,
      fix: `${fix}It takes never, or any of ${failOnWords.slice(1).join(', ')} with commas between.`,
    });
  if (words.length > 1 && words.includes('never'))
    throw refuse(`takes never alone, and not '${value.slice(0, 100)}'`);
  return [...new Set(words)].flatMap((word): Gate[] => {
    const known = failOnWords.find((one) => one === word);
    if (known !== undefined) return known === 'never' ? [] : [known];
    const near = nearest(word.toLowerCase(), failOnWords);
    throw refuse(
      word === '' ? `names nothing in '${value.slice(0, 100)}'` : `does not take '${word.slice(0, 100)}'`,
      word === '' || near === undefined ? '' : `Did you mean ${near}? `,
    );
  });
}

/** Gates about failed tests. */
const aboutFailures = (failOn: readonly Gate[]) => failOn.filter((gate) => gate !== 'blocked');

/**
 * Whether a gate needs the past or the memories, which a run without a database cannot have. `any` decides without them.
 */
export function needsHistory(failOn: readonly Gate[]): boolean {
  return aboutFailures(failOn).length > 0 && !failOn.includes('any');
}

/** How many stars `blocked` counts; undefined where it was asked for and there is no analysis to decide it. */
export function starsToBlame(
  failOn: readonly Gate[],
  { matriz }: Pick<Verdict, 'matriz'>,
): number | undefined {
  if (!failOn.includes('blocked')) return 0;
  return matriz.review?.stars.filter(({ status }) => status === 'BLOCKED').length;
}

/** Why `blocked` cannot be decided. */
export function whyNotReviewed(missing: NonNullable<RunMatriz['missing']>): string {
  const why = {
    'not-given': 'no MATRIZ analysis was given',
    unusable: 'the MATRIZ analysis cannot be used',
    'turned-off': 'MATRIZ is turned off for this team (features.matriz_enabled)',
  };
  return why[missing];
}

/** How many failures `fail-on` counts; undefined when a gate needs the history and there is none to decide it. */
export function failuresToBlame(
  failOn: readonly Gate[],
  { totals, lost, history }: Pick<Verdict, 'totals' | 'lost' | 'history'>,
): number | undefined {
  const failed = totals.failed + totals.errors;
  // A test that was lost may have failed.
  if (failOn.includes('any')) return failed + lost;
  const gates = aboutFailures(failOn);
  if (gates.length === 0 || failed === 0) return 0;
  return history?.failures.filter((failure) => gates.some((gate) => applies(gate, failure))).length;
}

function applies(gate: Gate, failure: FailureHistory): boolean {
  if (gate === 'any') return true;
  return gate === 'unknown' ? !failure.known : failure.class === gate;
}

/** Whether something that was asked for is missing: exit code 2 where nothing before it in the order decides. */
export function hasErrors({ warnings }: Pick<Verdict, 'warnings'>): boolean {
  return warnings.some((warning) => warning.severity === 'error');
}

/** Why a gate fails where no test does and MATRIZ does not block, a sentence each: coverage, or what cannot be decided. */
export function otherGates(
  settings: Pick<Settings, 'failOn' | 'failOnPatchCoverage' | 'failOnCoverageDrop'>,
  verdict: Pick<Verdict, 'patch' | 'totals' | 'history' | 'stored' | 'matriz'>,
): string[] {
  const { sentences, undecided } = coverageToBlame(settings, verdict);
  const isReviewed = starsToBlame(settings.failOn, verdict) !== undefined;
  return [
    ...sentences,
    ...(undecided === undefined ? [] : [undecided]),
    ...(isReviewed
      ? []
      : [`fail-on blocked cannot be decided: ${whyNotReviewed(verdict.matriz.missing ?? 'not-given')}`]),
  ];
}

/** With as many decimals as show that it is less: 79.96 is no 80. */
function percentBelow(value: number, least: number): string {
  const usual = percent(value);
  return Number.parseFloat(usual) < least ? usual : `${decimals(value, (shown) => shown < least)} %`;
}

function points(fall: number, most: number): string {
  return decimals(fall, (shown) => shown > most);
}

/** One decimal, or as many more as it takes. */
function decimals(value: number, isTold: (shown: number) => boolean): string {
  const digits = [1, 2, 3, 4, 6].find((n) => isTold(Number(value.toFixed(n)))) ?? 9;
  return value.toFixed(digits);
}

export interface CoverageBlame {
  /** Why a coverage gate fails, a sentence each. */
  readonly sentences: readonly string[];
  /** Why a gate cannot be decided, as a sentence. */
  readonly undecided: string | undefined;
}

/**
 * What the coverage gates say. A push to the base branch has no change to judge, and a first run nothing to have fallen from: they
 * pass.
 */
export function coverageToBlame(
  {
    failOnPatchCoverage: least,
    failOnCoverageDrop: most,
  }: Pick<Settings, 'failOnPatchCoverage' | 'failOnCoverageDrop'>,
  { patch, totals, history, stored }: Pick<Verdict, 'patch' | 'totals' | 'history' | 'stored'>,
): CoverageBlame {
  const sentences: string[] = [];
  let undecided: string | undefined;
  const cannot = (gate: string, why: string) => {
    undecided ??= `${gate} cannot be decided: ${why}`;
  };
  const isUncovered = totals.coveragePercent === undefined;
  if (least !== undefined) {
    const gate = `fail-on-patch-coverage ${least}`;
    if (isUncovered) cannot(gate, 'there is no coverage');
    else if (patch !== undefined && 'problem' in patch) cannot(gate, patch.problem);
    else if ((patch?.notComputed?.length ?? 0) > 0)
      cannot(gate, `it was not computed for ${count(patch?.notComputed?.length ?? 0, 'file')}`);
    else if ((patch?.coverage.percent ?? 100) < least)
      sentences.push(
        `${percentBelow(patch?.coverage.percent ?? 0, least)} of the changed statements are covered (${gate})`,
      );
  }
  if (most !== undefined) {
    const gate = `fail-on-coverage-drop ${most}`;
    if (isUncovered) cannot(gate, 'there is no coverage');
    else if (history === undefined)
      cannot(gate, stored === 'no' ? 'nothing is stored' : 'the history could not be read');
    else if (history.coverage !== undefined) {
      const { beforePercent, afterPercent } = history.coverage;
      const fall = beforePercent - afterPercent;
      // As decimals they may differ by exactly as much.
      if (fall > most + 1e-9)
        sentences.push(
          `coverage fell by ${points(fall, most)} points, from ${percent(beforePercent)} to ${percent(afterPercent)} (${gate})`,
        );
    }
  }
  return { sentences, undecided };
}
