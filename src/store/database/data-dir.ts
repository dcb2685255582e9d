// The default directory of the embedded database. Pure: takes the environment as a value.
import path from 'node:path';

/** The platform's place for an application's data (XDG Base Directory, Apple's and Microsoft's guidelines). */
export function defaultDataDir(
  env: Readonly<Record<string, string | undefined>>,
  platform: NodeJS.Platform,
  home: string,
): string {
  if (platform === 'win32')
    return path.join(env.LOCALAPPDATA || path.join(home, 'AppData', 'Local'), 'lukhas');
  if (platform === 'darwin') return path.join(home, 'Library', 'Application Support', 'lukhas');
  return path.join(env.XDG_DATA_HOME || path.join(home, '.local', 'share'), 'lukhas');
}
