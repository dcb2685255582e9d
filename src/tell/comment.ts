// The pull request's comment: one for all jobs of a commit, each job's part between marks of its own, so that a job can
// put its part into what others wrote. Pure; tell/github.ts posts it.
import { type Detail, renderSection, type Section } from './comment-section.ts';
import { bytes, code, cut } from './markdown.ts';
import { percent } from './summary.ts';

/** GitHub refuses longer comments, and documents 65,536 characters. */
export const maxCommentBytes = 60_000;

export interface Leg {
  /** Tells the jobs of a commit apart: 12 hex digits. */
  readonly key: string;
  readonly label: string;
  readonly total: number;
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** undefined: nothing is known of the past. */
  readonly new: number | undefined;
  readonly coverage: number | undefined;
  /** Its part, the longest first; the shorter ones are taken when the comment would grow too long. */
  readonly texts: readonly string[];
}

export interface CommentState {
  readonly sha: string;
  /** GitHub's id of the workflow run; grows with time, which tells an older commit's run from a newer one's. */
  readonly run: number;
  readonly legs: readonly Leg[];
}

const markerStart = '<!-- lukhas-ingest ';
const legStart = '<!-- lukhas-job ';
const legEnd = '<!-- lukhas-end -->';
const seeSummary = 'see the summary of its job';

/** A job's part at every length it may have to be told in. */
export function makeLeg(section: Section, identity: { readonly key: string; readonly label: string }): Leg {
  const details: Detail[] = [
    { failures: 50, messages: true, fixes: true, extras: true, more: seeSummary },
    { failures: 25, messages: true, fixes: false, extras: true, more: seeSummary },
    { failures: 10, messages: true, fixes: false, extras: false, more: seeSummary },
    { failures: 5, messages: false, fixes: false, extras: false, more: seeSummary },
    { failures: 0, messages: false, fixes: false, extras: false, more: seeSummary },
  ];
  const { totals, history } = section;
  return {
    ...identity,
    label: cut(identity.label, 100),
    total: totals.total,
    passed: totals.passed,
    failed: totals.failed + totals.errors,
    skipped: totals.skipped,
    new: history?.failures.filter((failure) => failure.class === 'new').length,
    coverage: totals.coveragePercent,
    texts: details.map((detail) => renderSection(section, detail)),
  };
}

/** Whether a comment is one of ours; its author has to be asked for as well. */
export function isOurs(body: string): boolean {
  return body.startsWith(markerStart);
}

/** The whole comment, at most so many UTF-8 bytes. What had to be left out is said. */
export function renderComment(state: CommentState, maxBytes = maxCommentBytes): string {
  const legs = state.legs.toSorted((a, b) =>
    a.label < b.label ? -1 : a.label > b.label ? 1 : a.key < b.key ? -1 : 1,
  );
  const sizes = legs.map((leg) => leg.texts.map(bytes));
  const levels = legs.map(() => 0);
  const sizeOf = (i: number) => sizes[i]?.[levels[i] ?? 0] ?? 0;
  const frame = bytes(assemble(state, legs, () => ' '));
  let size = frame + legs.reduce((sum, _, i) => sum + sizeOf(i), 0);
  while (size > maxBytes) {
    // The longest part gives way first: one job cannot crowd out the others.
    let longest: number | undefined;
    for (const [i, leg] of legs.entries()) {
      const last = (levels[i] ?? 0) + 1 >= leg.texts.length;
      if (!last && (longest === undefined || sizeOf(i) > sizeOf(longest))) longest = i;
    }
    if (longest === undefined) return minimal(state, legs, maxBytes);
    size -= sizeOf(longest);
    levels[longest] = (levels[longest] ?? 0) + 1;
    size += sizeOf(longest);
  }
  return assemble(state, legs, (i) => legs[i]?.texts[levels[i] ?? 0] ?? '');
}

function assemble(state: CommentState, legs: readonly Leg[], textOf: (i: number) => string): string {
  const parts = legs.map((leg, i) => {
    const text = textOf(i);
    const title = legs.length === 1 || text === '' ? '' : `#### ${code(leg.label)}\n\n`;
    return `${legMark(leg)}\n${title}${text}\n${legEnd}`;
  });
  return [head(state, legs), ...parts, foot(state)].join('\n\n');
}

function minimal(state: CommentState, legs: readonly Leg[], maxBytes: number): string {
  for (let most = legs.length; most > 0; most = Math.floor(most / 2)) {
    const some = legs.slice(0, most);
    const parts = some.map((leg) => `${legMark(leg)}\n${legEnd}`);
    const rest = legs.length > most ? `${legs.length - most} more jobs are not listed here.` : '';
    const body = [head(state, legs, most), ...parts, rest, foot(state)]
      .filter((part) => part !== '')
      .join('\n\n');
    if (bytes(body) <= maxBytes) return body;
  }
  return `${marker(state)}\n### ${verdict(legs)}`;
}

function head(state: CommentState, legs: readonly Leg[], most = legs.length): string {
  const lines = [marker(state), `### ${verdict(legs)}`];
  if (legs.length > 1) lines.push('', ...table(legs.slice(0, most)));
  return lines.join('\n');
}

function verdict(legs: readonly Leg[]): string {
  const sum = (pick: (leg: Leg) => number) => legs.reduce((total, leg) => total + pick(leg), 0);
  const total = sum((leg) => leg.total);
  const failed = sum((leg) => leg.failed);
  const fresh = legs.some((leg) => leg.new === undefined) ? undefined : sum((leg) => leg.new ?? 0);
  const jobs = legs.length > 1 ? ` in ${legs.length} jobs` : '';
  const n = (value: number) => value.toLocaleString('en-US');
  const [only] = legs;
  const coverage =
    legs.length === 1 && only?.coverage !== undefined ? `, ${percent(only.coverage)} covered` : '';
  if (failed === 0) {
    const skipped = sum((leg) => leg.skipped);
    return `✅ ${n(total - skipped)} tests passed${jobs}${skipped > 0 ? `, ${n(skipped)} skipped` : ''}${coverage}`;
  }
  const news = fresh === undefined ? '' : fresh === 0 ? ', none of them new' : `, ${n(fresh)} new`;
  return `❌ ${n(failed)} of ${n(total)} tests failed${jobs}${news}${coverage}`;
}

function table(legs: readonly Leg[]): string[] {
  const rows = legs.map((leg) => {
    const cells = [
      `${leg.failed > 0 ? '❌' : '✅'} ${code(leg.label, { cell: true })}`,
      leg.failed,
      leg.new ?? '',
      leg.passed,
      leg.skipped,
      leg.coverage === undefined ? '' : percent(leg.coverage),
    ];
    return `| ${cells.join(' | ')} |`;
  });
  return ['| Job | Failed | New | Passed | Skipped | Coverage |', '|:--|--:|--:|--:|--:|--:|', ...rows];
}

function foot({ sha }: CommentState): string {
  return `Commit ${code(sha.slice(0, 8))}. One comment for all jobs; it is updated with every run.`;
}

function marker({ sha, run }: CommentState): string {
  return `${markerStart}${packed({ v: 1, sha, run })} -->`;
}

function legMark({ texts: _, ...facts }: Leg): string {
  return `${legStart}${packed(facts)} -->`;
}

/** Base64: nothing in it can end the HTML comment around it. */
function packed(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64');
}

/** What a comment of ours says, as far as it can be read; other people's edits cost no more than the part they broke. */
export function parseComment(body: string): CommentState | undefined {
  const text = body.replaceAll('\r\n', '\n');
  const state = unpacked(/^<!-- lukhas-ingest ([A-Za-z0-9+/=]+) -->/.exec(text)?.[1]);
  if (state === undefined || typeof state.sha !== 'string') return undefined;
  const legs: Leg[] = [];
  for (const part of text.split(legStart).slice(1)) {
    const facts = unpacked(/^([A-Za-z0-9+/=]+) -->/.exec(part)?.[1]);
    const leg = facts === undefined ? undefined : readLeg(facts, part);
    if (leg !== undefined && !legs.some((other) => other.key === leg.key)) legs.push(leg);
  }
  return { sha: state.sha, run: number(state.run) ?? 0, legs };
}

function readLeg(facts: Record<string, unknown>, part: string): Leg | undefined {
  const end = part.indexOf(legEnd);
  if (typeof facts.key !== 'string' || !/^[0-9a-f]{12}$/.test(facts.key)) return undefined;
  const content = end < 0 ? '' : part.slice(part.indexOf('-->') + 3, end);
  const text = content.trim().replace(/^#### [^\n]*\n+/, '');
  const left = `The details of this job were left out here: ${seeSummary}.`;
  return {
    key: facts.key,
    label: typeof facts.label === 'string' ? cut(facts.label, 100) : facts.key,
    total: number(facts.total) ?? 0,
    passed: number(facts.passed) ?? 0,
    failed: number(facts.failed) ?? 0,
    skipped: number(facts.skipped) ?? 0,
    new: number(facts.new),
    coverage: number(facts.coverage),
    texts: bytes(text) <= bytes(left) ? [text] : [text, left],
  };
}

function unpacked(base64: string | undefined): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(base64 ?? '', 'base64').toString('utf8'));
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function number(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : undefined;
}
