// The Node that GitHub's runners start the Action with, fetched once from npm. It is no dependency of the project: npm would
// link its `node` into node_modules/.bin, and every npm script would run on it instead of the machine's own Node.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('./node24', import.meta.url));
const binary = path.join(folder, 'node_modules', `node-${process.platform}-${process.arch}`, 'bin', 'node');
const own = process.version.startsWith('v24.');

/** Path of Node 24; this process's own Node where npm has none for this platform. */
export const node24 = (): string => (own || !existsSync(binary) ? process.execPath : binary);

/** vitest's globalSetup: fetches Node 24 where it is not there yet, and lets it keep what it compiled for the next of many starts. */
export default function setup(): () => void {
  if (!own && !existsSync(binary)) fetchNode();
  const compiled = mkdtempSync(path.join(tmpdir(), 'lukhas-compiled-'));
  process.env.NODE_COMPILE_CACHE = compiled;
  return () => rmSync(compiled, { recursive: true, force: true });
}

function fetchNode(): void {
  try {
    execFileSync('npm', ['ci', '--prefix', folder, '--no-fund', '--no-audit'], { stdio: 'pipe' });
  } catch (error) {
    console.warn(`Node 24 could not be fetched: ${error}`);
  }
  if (node24() === process.execPath)
    console.warn(`Node 24 is not there for this platform: the Action's tests run on ${process.version}`);
}
