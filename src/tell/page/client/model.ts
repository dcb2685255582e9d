// The page's data as its parts use it: names whole again, cells to be looked at, and what is being looked for.
import { addressOfPath, isCommit } from '../addresses.ts';
import type { PageData, PageRunData } from '../data.ts';
import { type CellKind, cellKinds } from '../kinds.ts';

export interface Filter {
  /** In lower case. */
  readonly text: string;
  /** `base`: runs of the base branch that count; `all`: every run. */
  readonly branch: 'base' | 'all';
  readonly job: string | undefined;
}

/** Stands for a job without a name, as those of runs on one's own machine are. */
export const unnamedJob = 'unnamed job';

export class Model {
  readonly data: PageData;
  readonly names: readonly string[];
  #lower: readonly string[] | undefined;
  #cells = new Uint8Array();
  filter: Filter;
  readonly #hasEvidence: boolean;
  readonly #listeners: (() => void)[] = [];

  constructor(data: PageData) {
    this.data = data;
    let before = '';
    this.names = data.tests.names.map((name, test) => {
      before = before.slice(0, data.tests.shared[test]) + name;
      return before;
    });
    this.#hasEvidence = data.runs.some(({ not }) => not === undefined);
    const hasBase = data.runs.some(({ base, not }) => base === 1 && not === undefined);
    this.filter = { text: '', branch: hasBase ? 'base' : 'all', job: undefined };
  }

  get lower(): readonly string[] {
    this.#lower ??= this.names.map((name) => name.toLowerCase());
    return this.#lower;
  }

  set cells(bytes: Uint8Array<ArrayBuffer>) {
    this.#cells = bytes;
  }

  get hasCells(): boolean {
    return this.#cells.length > 0;
  }

  /** Bytes of a test's row. */
  get width(): number {
    return Math.ceil(this.data.runs.length / 2);
  }

  code(test: number, run: number): number {
    const byte = this.#cells[test * this.width + (run >> 1)] ?? 0;
    return run & 1 ? byte >> 4 : byte & 15;
  }

  kind(test: number, run: number): CellKind {
    return cellKinds[this.code(test, run)] ?? 'absent';
  }

  /** Whether the test has a cell in one of the runs. */
  isIn(test: number, runs: readonly number[]): boolean {
    const from = test * this.width;
    const cells = this.#cells;
    for (const run of runs)
      if (((cells[from + (run >> 1)] ?? 0) & (run & 1 ? 0xf0 : 0x0f)) !== 0) return true;
    return false;
  }

  change(change: Partial<Filter>): void {
    this.filter = { ...this.filter, ...change };
    for (const listener of this.#listeners) listener();
  }

  onChange(listener: () => void): void {
    this.#listeners.push(listener);
  }

  /** Whether a run says something of the team's code: where no run counts, also a developer's own. */
  isEvidence({ not, stranger }: PageRunData): boolean {
    return not === undefined || (!this.#hasEvidence && stranger === undefined);
  }

  matches(...texts: readonly (string | undefined)[]): boolean {
    const { text } = this.filter;
    return text === '' || texts.some((one) => one?.toLowerCase().includes(text) === true);
  }

  /** Runs that the filter shows, oldest first. */
  shownRuns(): number[] {
    const { branch, job } = this.filter;
    return this.data.runs.flatMap((run, place) =>
      (branch === 'all' || (run.base === 1 && run.not === undefined)) &&
      (job === undefined || this.jobOf(run) === job)
        ? [place]
        : [],
    );
  }

  /** What is compared over time: a job in its project and lane. */
  jobOf({ job, lane, project }: PageRunData): string {
    const parts = [this.data.projects.length > 1 ? this.data.projects[project] : undefined, job, lane];
    return (
      parts.filter((part) => part !== undefined && part !== null && part !== '').join(', ') || unnamedJob
    );
  }

  commitLink(sha: string | undefined): string | undefined {
    return this.data.links !== undefined && isCommit(sha) ? this.data.links.commit + sha : undefined;
  }

  runLink(run: PageRunData | undefined): string | undefined {
    const { links } = this.data;
    return links?.run !== undefined && run?.ci !== undefined ? links.run + run.ci : undefined;
  }

  pullLink(run: PageRunData): string | undefined {
    const { links } = this.data;
    return links?.pull !== undefined && Number.isSafeInteger(run.pull)
      ? `${links.pull}${run.pull}`
      : undefined;
  }

  fileLink(path: string, sha: string | undefined, line?: number): string | undefined {
    const { links } = this.data;
    const address = addressOfPath(path);
    if (links === undefined || address === undefined || !isCommit(sha)) return undefined;
    const file = links.file.replace('{sha}', sha).replace('{path}', () => address);
    return line === undefined || !Number.isSafeInteger(line) || line < 1
      ? file
      : file + links.line.replace('{line}', String(line));
  }
}

export function shortSha(sha: string | undefined): string {
  return sha === undefined ? '' : /^[0-9a-f]{12,}$/.test(sha) ? sha.slice(0, 8) : sha.slice(0, 40);
}
