// The directory of the embedded database: where it is by default, and that nobody else can change what is in it. The database
// runs from its files and follows links in them, so whoever can write there can do what its user can.
import { lstat, mkdir, readdir, realpath, stat, statfs } from 'node:fs/promises';
import path from 'node:path';
import { StoreError } from '../../errors.ts';
import { shellPath } from '../../shell.ts';

/** The platform's place for an application's data (XDG Base Directory, Apple's and Microsoft's guidelines). */
export function defaultDataDir(
  env: Readonly<Record<string, string | undefined>>,
  platform: NodeJS.Platform,
  home: () => string,
): string {
  if (platform === 'win32')
    return path.join(env.LOCALAPPDATA || path.join(home(), 'AppData', 'Local'), 'lukhas');
  if (platform === 'darwin') return path.join(home(), 'Library', 'Application Support', 'lukhas');
  // XDG: a relative path is to be ignored.
  const base = env.XDG_DATA_HOME ?? '';
  return path.join(path.isAbsolute(base) ? base : path.join(home(), '.local', 'share'), 'lukhas');
}

/** What lies in the directory, looked at without making or opening anything. */
export interface DataDirState {
  readonly folder: string;
  /** `none`: not there, or nothing in it. `something`: a database, or what is none. */
  readonly holds: 'none' | 'something';
  /** Of all files below it. */
  readonly bytes: number;
  /** For its user, on its disk; undefined where the system does not say. */
  readonly freeBytes: number | undefined;
}

export async function describeDataDir(dir: string): Promise<DataDirState> {
  const folder = path.resolve(dir);
  const names = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  let bytes = 0;
  for (const entry of names) {
    if (!entry.isFile()) continue;
    bytes += (await lstat(path.join(entry.parentPath, entry.name)).catch(() => undefined))?.size ?? 0;
  }
  const space = await statfs(folder).catch(() => undefined);
  return {
    folder,
    holds: names.length === 0 ? 'none' : 'something',
    bytes,
    freeBytes: space === undefined ? undefined : space.bavail * space.bsize,
  };
}

/** Owner and mode, as `stat` gives them. */
interface Owned {
  readonly uid: number;
  readonly mode: number;
}

const nameAnother = 'Name a folder of your own, such as a new one: --data-dir or LUKHAS_DATA_DIR.';

/**
 * Makes the directory where it is missing, closed to others (0700), and checks one that is there. It may be a symbolic link of
 * its user's or of root's: people keep large folders on another disk.
 *
 * @param onMessage called where others can put another folder in its place; that is not refused, because volumes of
 *   containers are often so
 * @returns its path without symbolic links
 * @throws StoreError `data-dir-unusable`, `data-dir-unsafe`
 */
export async function makeDataDir(dir: string, onMessage?: (message: string) => void): Promise<string> {
  const named = path.resolve(dir);
  await makeFolder(named);
  const home = await realpath(named);
  const me = process.getuid?.();
  // Windows has no owners of this kind; its users' folders are closed by what they inherit.
  if (me === undefined) return home;
  const link = await lstat(named);
  if (link.isSymbolicLink() && link.uid !== me && link.uid !== 0)
    throw unsafe(`${named} is a symbolic link of another user (user id ${link.uid})`, nameAnother);
  const parents = parentsOf(home);
  check(home, await stat(home), await stat(parents[0] ?? home), me);
  await warnOfParents(parents, onMessage);
  return home;
}

/**
 * Makes the folder of the database's own files in the directory, or checks it: a real one, of the directory's owner or ours.
 *
 * @param home as `makeDataDir` gives it
 * @throws StoreError `data-dir-unusable`, `data-dir-unsafe`
 */
export async function makeFilesDir(home: string): Promise<string> {
  const files = path.join(home, 'database');
  await makeFolder(files);
  const found = await lstat(files);
  if (found.isSymbolicLink())
    throw unsafe(
      `${files} is a symbolic link`,
      `Move the folder that it leads to into ${home}. The whole directory may lie elsewhere: --data-dir takes a link.`,
    );
  const me = process.getuid?.();
  if (me === undefined) return files;
  const above = await stat(home);
  check(files, found, above, found.uid === above.uid ? found.uid : me);
  return files;
}

function check(place: string, folder: Owned, parent: Owned, me: number): void {
  const why = whyUnsafe(folder, parent, me);
  if (why === undefined) return;
  const close = folder.uid === me ? `Close it: chmod go-w ${shellPath(place)}. Or name` : 'Name';
  throw unsafe(`${place} ${why}`, nameAnother.replace('Name', close));
}

/**
 * Why somebody else than the user could change a folder; undefined where nobody could. For root a folder of another user is
 * good where root alone could have put it: volumes of containers belong to users of the machine.
 *
 * @param me user id of this process
 */
export function whyUnsafe(folder: Owned, parent: Owned, me: number): string | undefined {
  const isVolume = me === 0 && parent.uid === 0 && (parent.mode & 0o022) === 0;
  if (folder.uid !== me && !isVolume) return `belongs to another user (user id ${folder.uid})`;
  if ((folder.mode & 0o022) !== 0)
    return `can be written to by others (mode ${(folder.mode & 0o7777).toString(8)})`;
  return undefined;
}

/** As GnuPG does: in a folder that all can write to and that is not sticky, anybody can rename folders of others. */
async function warnOfParents(
  parents: readonly string[],
  onMessage: ((message: string) => void) | undefined,
): Promise<void> {
  for (const parent of parents) {
    const { mode } = await stat(parent);
    if ((mode & 0o002) === 0 || (mode & 0o1000) !== 0) continue;
    onMessage?.(
      `anybody can put another folder in the place of the embedded database: ${parent} (mode ${(mode & 0o7777).toString(8)})`,
    );
    return;
  }
}

/** Nearest first. */
function parentsOf(folder: string): string[] {
  const parent = path.dirname(folder);
  return parent === folder ? [] : [parent, ...parentsOf(parent)];
}

async function makeFolder(place: string): Promise<void> {
  try {
    await mkdir(place, { recursive: true, mode: 0o700 });
    if (!(await stat(place)).isDirectory()) throw Object.assign(new Error(), { code: 'ENOTDIR' });
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown';
    const isLink = await lstat(place).then(
      (found) => found.isSymbolicLink(),
      () => false,
    );
    throw new StoreError({
      code: 'data-dir-unusable',
      message: `the directory of the embedded database cannot be made: ${place} (${isLink ? 'a symbolic link to no folder' : code})`,
      fix: 'Name a directory that you may write to: --data-dir or LUKHAS_DATA_DIR.',
    });
  }
}

function unsafe(message: string, fix: string): StoreError {
  return new StoreError({
    code: 'data-dir-unsafe',
    message: `others could change the embedded database: ${message}`,
    fix,
  });
}
