// Python and pytest versions, from environments that look as their tools make them; no interpreter exists in any.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { applySuiteProperties } from '../../src/context/context.ts';
import { versionsFromDisk, versionsFromEnv, versionsFromProperties } from '../../src/context/python.ts';
import type { RunContext } from '../../src/model.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'python-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Makes files (content given) and folders (ending in `/`) and returns their common root. */
function make(name: string, files: Record<string, string>): string {
  for (const [path, content] of Object.entries(files)) {
    const full = join(folder, name, path);
    mkdirSync(path.endsWith('/') ? full : dirname(full), { recursive: true });
    if (!path.endsWith('/')) writeFileSync(full, content);
  }
  return join(folder, name);
}

describe('on disk', () => {
  it("a venv tells Python by its configuration and pytest by the package's folder", async () => {
    const venv = make('venv-1', {
      'pyvenv.cfg': 'home = /usr/bin\ninclude-system-site-packages = false\nversion = 3.12.4\n',
      'lib/python3.12/site-packages/pytest-8.4.2.dist-info/': '',
      'lib/python3.12/site-packages/pytest_cov-5.0.0.dist-info/': '',
      'lib/python3.12/site-packages/pytest-asyncio-0.1.dist-info/': '',
    });
    expect(await versionsFromDisk({ VIRTUAL_ENV: venv }, undefined)).toEqual({
      pythonVersion: '3.12.4',
      pytestVersion: '8.4.2',
    });
  });

  it("virtualenv's and uv's configurations are understood", async () => {
    const virtualenv = make('a', { 'pyvenv.cfg': 'home = /x\nversion_info = 3.11.6.final.0\n' });
    const uv = make('b', { 'pyvenv.cfg': 'home = /x\nuv = 0.8.0\nversion_info = 3.14.0rc2\n' });
    expect((await versionsFromDisk({ VIRTUAL_ENV: virtualenv }, undefined)).pythonVersion).toBe('3.11.6');
    expect((await versionsFromDisk({ VIRTUAL_ENV: uv }, undefined)).pythonVersion).toBe('3.14.0rc2');
  });

  it("setup-python's folder tells its version", async () => {
    const root = make('hostedtoolcache/Python/3.13.1/x64', {
      'lib/python3.13/site-packages/pytest-9.0.0.dist-info/': '',
    });
    expect(await versionsFromDisk({ pythonLocation: root }, undefined)).toEqual({
      pythonVersion: '3.13.1',
      pytestVersion: '9.0.0',
    });
    const early = make('hostedtoolcache/Python/3.15.0-alpha.3/x64', { 'bin/': '' });
    expect((await versionsFromDisk({ Python_ROOT_DIR: early }, undefined)).pythonVersion).toBe('3.15.0a3');
  });

  it('a Windows environment has its packages in Lib', async () => {
    const venv = make('win', {
      'pyvenv.cfg': 'version = 3.10.9\r\n',
      'Lib/site-packages/pytest-7.4.4.dist-info/': '',
    });
    expect(await versionsFromDisk({ VIRTUAL_ENV: venv }, undefined)).toEqual({
      pythonVersion: '3.10.9',
      pytestVersion: '7.4.4',
    });
  });

  it('a conda environment tells Python by its packages', async () => {
    const conda = make('conda', {
      'conda-meta/python-3.11.7-h955ad1f_0.json': '{}',
      'conda-meta/python-dateutil-2.9.0-py311_0.json': '{}',
      'lib/python3.11/site-packages/pytest-7.1.2-py3.11.egg-info/': '',
    });
    expect(await versionsFromDisk({ CONDA_PREFIX: conda }, undefined)).toEqual({
      pythonVersion: '3.11.7',
      pytestVersion: '7.1.2',
    });
  });

  it('the environment with pytest is believed before an active one without', async () => {
    const base = make('base', { 'conda-meta/python-3.9.1-x_0.json': '{}' });
    make('repo', {
      '.venv/pyvenv.cfg': 'version = 3.12.4',
      '.venv/lib/python3.12/site-packages/pytest-8.0.0.dist-info/': '',
    });
    expect(await versionsFromDisk({ CONDA_PREFIX: base }, join(folder, 'repo'))).toEqual({
      pythonVersion: '3.12.4',
      pytestVersion: '8.0.0',
    });
  });

  it('a library folder alone tells major and minor', async () => {
    const root = make('usr', {
      'lib/python3/': '',
      'lib/python3.11/site-packages/pytest-8.0.0.dist-info/': '',
    });
    expect(await versionsFromDisk({ VIRTUAL_ENV: root }, undefined)).toEqual({
      pythonVersion: '3.11',
      pytestVersion: '8.0.0',
    });
  });

  it('nothing, or nonsense, tells nothing', async () => {
    const broken = make('broken', {
      'pyvenv.cfg': `version = ${'9'.repeat(500)}\n`,
      'lib/python3.12/site-packages/pytest-$(reboot).dist-info/': '',
      Lib: 'a file',
    });
    const nothing = { pythonVersion: undefined, pytestVersion: undefined };
    expect(await versionsFromDisk({}, undefined)).toEqual(nothing);
    expect(await versionsFromDisk({ VIRTUAL_ENV: '/does/not/exist', CONDA_PREFIX: '' }, '/nowhere')).toEqual(
      nothing,
    );
    expect((await versionsFromDisk({ VIRTUAL_ENV: broken }, undefined)).pytestVersion).toBeUndefined();
    expect((await versionsFromDisk({ VIRTUAL_ENV: broken }, undefined)).pythonVersion).toBe('3.12');
  });
});

describe("a suite's properties", () => {
  it('tell versions under the usual names, in any spelling', () => {
    expect(
      versionsFromProperties(
        new Map([
          ['Python Version', '3.12.4 (main, Jun  6 2026) [GCC 13]'],
          ['pytest-version', '8.4.2'],
        ]),
      ),
    ).toEqual({ pythonVersion: '3.12.4', pytestVersion: '8.4.2' });
    expect(
      versionsFromProperties(
        new Map([
          ['python', 'Python 3.11.6'],
          ['pytest', 'pytest 7.4.3'],
        ]),
      ),
    ).toEqual({ pythonVersion: '3.11.6', pytestVersion: '7.4.3' });
    expect(
      versionsFromProperties(
        new Map([
          ['python', '/usr/bin/python3'],
          ['other', '1.2'],
        ]),
      ),
    ).toEqual({ pythonVersion: undefined, pytestVersion: undefined });
  });

  it('come before what is on disk and after what the environment says', () => {
    const context = { pythonVersion: '3.9.1', pytestVersion: '7.0.0' } as RunContext;
    const properties = new Map([
      ['python_version', '3.12.4'],
      ['pytest_version', '8.4.2'],
    ]);
    expect(applySuiteProperties(context, properties, {})).toMatchObject({
      pythonVersion: '3.12.4',
      pytestVersion: '8.4.2',
    });
    expect(applySuiteProperties(context, properties, { LUKHAS_PYTHON_VERSION: '3.13.0' })).toMatchObject({
      pythonVersion: '3.13.0',
      pytestVersion: '8.4.2',
    });
    expect(applySuiteProperties(context, new Map(), {})).toEqual(context);
  });
});

it('takes only versions from the environment', () => {
  expect(
    versionsFromEnv({ LUKHAS_PYTHON_VERSION: ' 3.13.0+ ', LUKHAS_PYTEST_VERSION: '9.0.0.dev3' }),
  ).toEqual({ pythonVersion: '3.13.0+', pytestVersion: '9.0.0.dev3' });
  for (const bad of ['3', 'x64', '3.12-slim', '', '3.12\n', '3..1', '3.12.4; drop table']) {
    const got = versionsFromEnv({ LUKHAS_PYTHON_VERSION: bad }).pythonVersion;
    expect(got).toBe(bad === '3.12\n' ? '3.12' : undefined);
  }
});
