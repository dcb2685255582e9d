// Where the embedded database lies for the command lines.
import { homedir, userInfo } from 'node:os';
import { StoreError } from '../errors.ts';
import { defaultDataDir } from '../store/database/data-dir.ts';

/**
 * The directory that somebody named, else the platform's place.
 *
 * @throws StoreError `data-dir-unknown` where that place is in a home directory and the user has none
 */
export function dataDirOf({ dataDir }: { readonly dataDir?: string | undefined }): string {
  return dataDir ?? defaultDataDir(process.env, process.platform, findHome);
}

/** HOME may be empty; and in a container the system may know its user by number alone. */
function findHome(): string {
  try {
    return homedir() || userInfo().homedir;
  } catch {
    throw new StoreError({
      code: 'data-dir-unknown',
      message: 'this user has no home directory for the embedded database',
      fix: 'Name a folder for it: --data-dir or LUKHAS_DATA_DIR; or set HOME.',
    });
  }
}
