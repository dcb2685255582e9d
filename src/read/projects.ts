// Whether the reports of one upload are of several projects, each with a rootdir of its own: two tests of equal names are two
// tests then. Only what the checkout shows counts.
import { dirname, relative, resolve } from 'node:path';
import type { Naming } from '../errors.ts';
import type { Warning } from '../model.ts';
import { type Checkout, type CheckoutFiles, indexCheckout, lastSegment, mostSegments } from './checkout.ts';
import type { Survey } from './report/survey.ts';

/** What a report's ids are found by. */
export interface Project {
  readonly checkout: Checkout;
  /** To be written before the ids, with a slash at its end; empty for the repository's root. */
  readonly folder: string;
}

export interface Projects {
  /** For reports that `byReport` does not name. */
  readonly checkout: Checkout;
  /** Empty where all reports are of one project. */
  readonly byReport: ReadonlyMap<string, Project>;
}

/** At most so many reports are looked at by themselves: each look goes through the checkout. */
const mostReports = 50;
/** So many of a report's classnames, spread over it, say where their files are. */
const mostNames = 300;

/**
 * Finds the reports' projects. A report has a rootdir of its own where more of its classnames are files seen from there than
 * from the rootdir that fits all reports best, or as many, and the report lies in that folder, or no one folder fits them best.
 *
 * @param rootdir of all reports, where the user named it
 */
export function findProjects(
  files: CheckoutFiles,
  survey: Pick<Survey, 'classnames' | 'classnamesByFile' | 'foreign'>,
  { rootdir, workingDirectory }: { readonly rootdir: string | undefined; readonly workingDirectory: string },
): Projects {
  const reports = [...survey.classnamesByFile].filter(([report]) => !survey.foreign.has(report));
  const folderOf = (report: string | undefined) => {
    const path = report === undefined ? '..' : dirname(resolve(workingDirectory, report));
    const folder = relative(files.root, path).replaceAll('\\', '/');
    return folder.startsWith('..') ? '' : folder;
  };
  const [only] = reports.length === 1 ? (reports[0] ?? []) : [];
  const joint = indexCheckout(files, survey.classnames, rootdir, folderOf(only));
  const one = { checkout: joint, byReport: new Map<string, Project>() };
  if (rootdir !== undefined || reports.length < 2 || reports.length > mostReports) return one;
  if (joint.rootdir?.startsWith('..') === true) return one;
  const own = new Map<string, Checkout>();
  const candidates = candidatesOf(files.paths);
  const below = (base: string) =>
    base === '' ? files.paths : files.paths.filter((path) => path.startsWith(`${base}/`));
  const holdsCode = cached((top: string) =>
    files.paths.some((path) => path.startsWith(`${top}/`) && path.endsWith('.py')),
  );
  for (const [report, all] of reports) {
    const every = Math.ceil(all.size / mostNames);
    const names = [...all].filter((name, i) => i % every === 0 && name.split('.').length <= mostSegments);
    const folder = folderOf(report);
    const fits = fitting(joint, names);
    const [top = ''] = folder.split('/');
    const isSettled = folder === joint.rootdir || top === '' || !holdsCode(top);
    if (joint.rootdir !== undefined && fits === names.length && isSettled) continue;
    const alone = indexCheckout({ ...files, paths: candidates(names) }, names, undefined, folder);
    const base = alone.rootdir;
    if (base === undefined || base === joint.rootdir || base.startsWith('..')) continue;
    const fitsAlone = fitting(alone, names);
    const isInside = base !== '' && `${folder}/`.startsWith(`${base}/`);
    if (fitsAlone > fits || joint.rootdir === undefined || (fitsAlone === fits && isInside))
      own.set(report, indexCheckout({ ...files, paths: below(base) }, all, base));
  }
  if (own.size === 0) return one;
  const byReport = new Map<string, Project>();
  for (const [report] of reports) {
    const checkout = own.get(report) ?? joint;
    byReport.set(report, { checkout, folder: checkout.rootdir ? `${checkout.rootdir}/` : '' });
  }
  const folders = new Set([...byReport.values()].map(({ folder }) => folder));
  return folders.size < 2 ? one : { checkout: joint, byReport };
}

/** Finds the paths that may be a module of one of the classnames. The checkout is gone through once, at the first call. */
function candidatesOf(paths: readonly string[]): (names: readonly string[]) => string[] {
  let byLast: Map<string, string[]> | undefined;
  return (names) => {
    if (byLast === undefined) {
      byLast = new Map();
      for (const path of paths) {
        const last = lastSegment(path);
        const same = byLast.get(last);
        if (same === undefined) byLast.set(last, [path]);
        else same.push(path);
      }
    }
    const index = byLast;
    const segments = new Set(names.flatMap((name) => name.split('.')));
    return [...segments].flatMap((segment) => index.get(segment) ?? []);
  };
}

/** How many of the classnames begin with a file's dotted path. */
function fitting(checkout: Checkout, names: readonly string[]): number {
  let fits = 0;
  for (const name of names) {
    let end = name.length;
    while (end > 0 && checkout.files(name.slice(0, end)).length === 0) end = name.lastIndexOf('.', end - 1);
    if (end > 0) fits++;
  }
  return fits;
}

function cached(look: (key: string) => boolean): (key: string) => boolean {
  const known = new Map<string, boolean>();
  return (key) => {
    const answer = known.get(key) ?? look(key);
    known.set(key, answer);
    return answer;
  };
}

/** Says how the tests of several projects are named, and how to upload them apart; undefined where there is one. */
export function severalProjects({ byReport }: Projects, name: Naming): Warning | undefined {
  if (byReport.size === 0) return undefined;
  const folders = [...new Set([...byReport.values()].map(({ folder }) => folder.slice(0, -1) || '.'))];
  const more = folders.length > 5 ? ` and ${folders.length - 5} more` : '';
  return {
    code: 'several-projects',
    message: `the reports are of ${folders.length} projects (${folders.slice(0, 5).join(', ')}${more}): their tests are named from the repository's root. Upload each project by itself, with ${name('rootdir')} and ${name('uploadKey')}: then a report that is missing once does not rename the other tests`,
  };
}
