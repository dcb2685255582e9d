// The shapes that make-report.mjs makes.
export interface MadeTest {
  readonly file: string;
  readonly cls: string;
  readonly module: string;
  readonly classname: string;
  readonly name: string;
  readonly function: string;
  readonly time: number;
  readonly line: number;
  readonly failure:
    | { readonly type: string; readonly line: number; readonly message: string; readonly traceback: string }
    | undefined;
  readonly skipped: string | undefined;
}
export function makeTests(options: {
  readonly tests: number;
  readonly failureShare?: number;
  readonly tracebackBytes?: number;
}): Generator<MadeTest>;

export interface MadeCoverageFile {
  readonly path: string;
  readonly coveredLines: number[];
  readonly missingLines: number[];
}
export function makeCoverageFiles(options: {
  readonly files: number;
  readonly covered?: number;
  readonly missing?: number;
}): Generator<MadeCoverageFile>;

export function writeReport(
  path: string,
  options: { readonly tests: number; readonly failureShare?: number; readonly timestamp?: string },
): Promise<number>;
export function writeCoverage(
  path: string,
  options: { readonly files: number; readonly covered?: number; readonly missing?: number },
): Promise<number>;
