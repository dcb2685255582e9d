// The rows of the tests that are judged, one test after another, by the place of their run.
import type { TestRow } from '../model.ts';
import type { TestFacts } from './facts.ts';
import { passedAtOnce, type RowOfRun, type RowsByPlace } from './past.ts';

const nowhere: readonly number[] = [];

export class RowTable {
  // Most tests have one row, and need no list of their own.
  readonly #rowsOf = new Map<string, TestRow | TestRow[]>();
  readonly #placeOf: ReadonlyMap<string, number>;
  readonly #passes: TestFacts['passes'];
  /** By place among the runs of the passes, the place here. */
  readonly #passPlaces: readonly (number | undefined)[];
  /** One list serves all tests: what the one before put there is taken back. */
  readonly #rows: (RowOfRun | undefined)[];
  /** The same with the passes alone, and whose they are: most tests share them. */
  readonly #passRows: (RowOfRun | undefined)[];
  #passesHere = nowhere;
  readonly #placesPut: number[] = [];

  /** @param placeOf place of a run, by its id */
  constructor({ rows, passes }: Pick<TestFacts, 'rows' | 'passes'>, placeOf: ReadonlyMap<string, number>) {
    this.#placeOf = placeOf;
    this.#passes = passes;
    this.#passPlaces = passes?.runIds.map((runId) => placeOf.get(runId)) ?? [];
    this.#rows = new Array(placeOf.size).fill(undefined);
    this.#passRows = new Array(placeOf.size).fill(undefined);
    for (const row of rows) {
      const known = this.#rowsOf.get(row.testName);
      if (known === undefined) this.#rowsOf.set(row.testName, row);
      else if (Array.isArray(known)) known.push(row);
      else this.#rowsOf.set(row.testName, [known, row]);
    }
  }

  /** Places of the runs that a test passed at once. Tests may share a list. */
  passesOf(testName: string): readonly number[] | undefined {
    return this.#passes?.places.get(testName);
  }

  /** The row of a test that has no other one, beside passes. */
  onlyRow(testName: string): TestRow | undefined {
    const known = this.#rowsOf.get(testName);
    return Array.isArray(known) ? undefined : known;
  }

  /** Holds until the next test is asked for. */
  rowsByPlace(testName: string): RowsByPlace {
    this.#takeBack(this.passesOf(testName) ?? nowhere);
    const known = this.#rowsOf.get(testName);
    if (Array.isArray(known)) for (const row of known) this.#put(row);
    else if (known !== undefined) this.#put(known);
    return this.#rows;
  }

  forget(testName: string): void {
    this.#rowsOf.delete(testName);
  }

  names(): Iterable<string> {
    return this.#rowsOf.keys();
  }

  #takeBack(passes: readonly number[]): void {
    const rows = this.#rows;
    if (passes === this.#passesHere) {
      for (const place of this.#placesPut) rows[place] = this.#passRows[place];
    } else {
      this.#passesHere = passes;
      const passRows = this.#passRows.fill(undefined);
      for (const pass of passes) {
        const place = this.#passPlaces[pass];
        if (place !== undefined) passRows[place] = passedAtOnce;
      }
      for (let place = 0; place < rows.length; place++) rows[place] = passRows[place];
    }
    this.#placesPut.length = 0;
  }

  #put(row: TestRow): void {
    const place = this.#placeOf.get(row.runId);
    if (place === undefined) return;
    this.#rows[place] = row;
    this.#placesPut.push(place);
  }
}
