// Detects which Python and pytest ran the tests: from variables, suite properties and environments on disk. Lists folders and
// reads pyvenv.cfg; never starts an interpreter.
import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Env } from './ci.ts';
import { version } from './columns.ts';

export interface PythonVersions {
  readonly pythonVersion: string | undefined;
  readonly pytestVersion: string | undefined;
}

const none: PythonVersions = { pythonVersion: undefined, pytestVersion: undefined };

/** The versions in `LUKHAS_PYTHON_VERSION` and `LUKHAS_PYTEST_VERSION`. */
export function versionsFromEnv(env: Env): PythonVersions {
  return {
    pythonVersion: version(env.LUKHAS_PYTHON_VERSION),
    pytestVersion: version(env.LUKHAS_PYTEST_VERSION),
  };
}

/** The versions in a suite's properties, e.g. of `record_testsuite_property('python_version', …)`. Names in any case. */
export function versionsFromProperties(properties: ReadonlyMap<string, string>): PythonVersions {
  const named = new Map(
    [...properties].map(([name, value]) => [name.toLowerCase().replace(/[ ._-]+/g, '_'), value]),
  );
  const first = (names: readonly string[]): string | undefined =>
    names.map((name) => version(leadingVersion(named.get(name)))).find((found) => found !== undefined);
  return {
    pythonVersion: first(['python_version', 'python', 'python_full_version']),
    pytestVersion: first(['pytest_version', 'pytest']),
  };
}

/** matches the start of: 3.12.4 (main, Jun 6 2026), Python 3.12.4, pytest 8.4.2, CPython-3.12.4 */
function leadingVersion(text: string | undefined): string | undefined {
  return /^\s*(?:c?python|pypy|pytest)?[\s=-]*(\d[^\s(,;]*)/i.exec(text?.slice(0, 200) ?? '')?.[1];
}

/**
 * Both versions of one environment, the one that most likely ran the tests: the first that has pytest, else the first with a
 * Python version.
 */
export async function versionsFromDisk(
  env: Env,
  repositoryRoot: string | undefined,
): Promise<PythonVersions> {
  const { VIRTUAL_ENV, UV_PROJECT_ENVIRONMENT, CONDA_PREFIX, pythonLocation, Python_ROOT_DIR } = env;
  // An activated environment hides setup-python's interpreter; uv and poetry make .venv in the repository.
  const inRepository = (name: string): string | undefined =>
    repositoryRoot === undefined ? undefined : join(repositoryRoot, name);
  const folders = [
    VIRTUAL_ENV,
    isAbsolute(UV_PROJECT_ENVIRONMENT) ? UV_PROJECT_ENVIRONMENT : undefined,
    pythonLocation,
    Python_ROOT_DIR,
    inRepository('.venv'),
    inRepository('venv'),
    CONDA_PREFIX,
  ].filter((folder) => folder !== undefined && folder !== '');
  const found = await Promise.all([...new Set(folders)].map(readEnvironment));
  return (
    found.find((one) => one.pytestVersion !== undefined) ??
    found.find((one) => one.pythonVersion !== undefined) ??
    none
  );
}

function isAbsolute(path: string | undefined): boolean {
  return path !== undefined && /^([A-Za-z]:)?[\\/]/.test(path);
}

async function readEnvironment(folder: string | undefined): Promise<PythonVersions> {
  if (folder === undefined) return none;
  const [config, libraries, conda] = await Promise.all([
    readConfig(folder),
    findLibraries(folder),
    list(join(folder, 'conda-meta')),
  ]);
  const withPytest = libraries.find((library) => library.pytest !== undefined) ?? libraries[0];
  const pythonVersion =
    versionFromConfig(config) ??
    // matches: python-3.12.4-h99199ea_1.json; not: python-dateutil-2.9.0-….json
    firstMatch(conda, /^python-(\d[^-]*)-[^-]*\.json$/) ??
    versionFromLocation(folder) ??
    version(withPytest?.python);
  return { pythonVersion, pytestVersion: withPytest?.pytest };
}

/** pyvenv.cfg: `version = 3.12.4` by venv, `version_info = 3.12.4.final.0` by virtualenv, `version_info = 3.12.4` by uv. */
function versionFromConfig(config: string): string | undefined {
  const value = /^\s*version(?:_info)?\s*=\s*(\S+)/m.exec(config)?.[1];
  return version(/^\d+\.\d+(\.\d+)?((a|b|rc)\d+)?\+?/.exec(value ?? '')?.[0]);
}

/**
 * setup-python's folders: /opt/hostedtoolcache/Python/3.12.4/x64, C:\hostedtoolcache\windows\PyPy\3.10.16\x86, and
 * …/Python/3.14.0-rc.2/x64, whose npm-style pre-release becomes Python's.
 */
function versionFromLocation(folder: string): string | undefined {
  const name = /[\\/](?:Python|PyPy|GraalPy)[\\/](\d[^\\/]*)(?:[\\/]|$)/.exec(folder)?.[1];
  return version(
    name?.replace(/-(alpha|beta|rc)\.(\d+)$/, (_, stage: string, number: string) => {
      return `${stage === 'rc' ? 'rc' : stage.slice(0, 1)}${number}`;
    }),
  );
}

interface Library {
  /** From the folder's name: major and minor only. */
  readonly python: string | undefined;
  readonly pytest: string | undefined;
}

/** lib/python3.12/site-packages, lib/pypy3.10/site-packages, and Lib/site-packages on Windows. */
async function findLibraries(folder: string): Promise<Library[]> {
  const names = await list(join(folder, 'lib'));
  // matches: python3.12, python3.13t, pypy3.10; not: python3 (a link to one of them)
  const versioned = names
    .map((name) => /^(?:python|pypy)(\d\.\d+)t?$/.exec(name))
    .filter((match) => match !== null);
  const places = [
    ...versioned
      .slice(0, 20)
      .map((match) => ({ path: join(folder, 'lib', match[0], 'site-packages'), python: match[1] })),
    { path: join(folder, 'Lib', 'site-packages'), python: undefined },
  ];
  return Promise.all(
    places.map(async ({ path, python }) => ({
      python,
      // matches: pytest-8.4.2.dist-info, pytest-7.0.1-py3.9.egg-info; not: pytest-cov-5.0.0.dist-info
      pytest: firstMatch(await list(path), /^pytest-(\d[^-]*?)(?:-py\d[\d.]*)?\.(?:dist|egg)-info$/),
    })),
  );
}

function firstMatch(names: readonly string[], pattern: RegExp): string | undefined {
  return names.map((name) => version(pattern.exec(name)?.[1])).find((found) => found !== undefined);
}

async function list(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch {
    return [];
  }
}

/** The first 16 KiB of pyvenv.cfg, which has a few hundred bytes. */
async function readConfig(folder: string): Promise<string> {
  try {
    const file = await open(join(folder, 'pyvenv.cfg'), 'r');
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(16_384), 0, 16_384, 0);
      return buffer.toString('utf8', 0, bytesRead);
    } finally {
      await file.close();
    }
  } catch {
    return '';
  }
}
