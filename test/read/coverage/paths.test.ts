// Where the paths of a coverage report lie in the repository: by evidence, and left alone without any.
import { describe, expect, it } from 'vitest';
import { type PathOptions, resolvePaths } from '../../../src/read/coverage/paths.ts';
import { cpuMs } from '../../support/cpu.ts';

const base: PathOptions = {
  repositoryRoot: '/repo',
  rootdir: undefined,
  workingDirectory: '/repo',
  trackedFiles: [
    'conftest.py',
    'setup.py',
    'services/api/src/app/views.py',
    'services/api/src/app/__init__.py',
    'services/api/setup.py',
    'services/web/src/app/forms.py',
    'services/web/src/app/__init__.py',
    'services/web/setup.py',
    'odd\\name.py',
  ],
};

function places(paths: string[], options: Partial<PathOptions> = {}): Record<string, string> {
  const resolved = resolvePaths(paths, { ...base, ...options });
  return Object.fromEntries(
    [...resolved].map(([raw, { path, inRepository }]) => [raw, inRepository ? path : `outside ${path}`]),
  );
}

describe('relative paths', () => {
  it('start at the folder under which most of them are tracked, wherever the upload runs', () => {
    expect(places(['src/app/views.py', 'src/app/__init__.py', 'setup.py'])).toEqual({
      'src/app/views.py': 'services/api/src/app/views.py',
      'src/app/__init__.py': 'services/api/src/app/__init__.py',
      'setup.py': 'services/api/setup.py',
    });
  });

  it('take files that git does not track to the folder of the others', () => {
    expect(places(['src/app/views.py', 'src/app/_version.py'])['src/app/_version.py']).toBe(
      'services/api/src/app/_version.py',
    );
  });

  it('prefer the rootdir, then the working directory, where several folders fit as well', () => {
    expect(places(['src/app/__init__.py'], { rootdir: 'services/web' })).toEqual({
      'src/app/__init__.py': 'services/web/src/app/__init__.py',
    });
    expect(places(['src/app/__init__.py'], { workingDirectory: '/repo/services/web' })).toEqual({
      'src/app/__init__.py': 'services/web/src/app/__init__.py',
    });
    expect(places(['setup.py'])).toEqual({ 'setup.py': 'setup.py' });
  });

  it('stay as they are when two folders fit equally or none does', () => {
    expect(places(['src/app/__init__.py'])).toEqual({ 'src/app/__init__.py': 'outside src/app/__init__.py' });
    expect(places(['other.py', 'x/../../up.py'])).toEqual({
      'other.py': 'outside other.py',
      'x/../../up.py': 'outside ../up.py',
    });
  });

  it('are joined to the rootdir or the working directory where there is no list of files', () => {
    const none = { trackedFiles: undefined };
    expect(places(['a.py'], { ...none, rootdir: 'services/api/' })).toEqual({ 'a.py': 'services/api/a.py' });
    expect(places(['a.py'], { ...none, workingDirectory: '/repo/lib' })).toEqual({ 'a.py': 'lib/a.py' });
    expect(places(['../a.py'], { ...none, workingDirectory: '/repo/lib' })).toEqual({ '../a.py': 'a.py' });
    expect(places(['a.py'], { ...none, repositoryRoot: undefined, workingDirectory: '/x' })).toEqual({
      'a.py': 'a.py',
    });
  });

  it('never leave the repository through a rootdir', () => {
    expect(places(['setup.py'], { rootdir: '../../etc' })).toEqual({ 'setup.py': 'setup.py' });
  });
});

describe('absolute paths', () => {
  it('below the root become relative, tracked or not', () => {
    expect(places(['/repo/setup.py', '/repo/build/gen.py', '/repository/setup.py'])).toEqual({
      '/repo/setup.py': 'setup.py',
      '/repo/build/gen.py': 'build/gen.py',
      '/repository/setup.py': 'outside /repository/setup.py',
    });
  });

  it('of another machine are found by their ends, all in one checkout', () => {
    const home = '/home/runner/work/mono/mono';
    expect(
      places([`${home}/services/api/src/app/views.py`, `${home}/setup.py`, `${home}/services/web/setup.py`]),
    ).toEqual({
      [`${home}/services/api/src/app/views.py`]: 'services/api/src/app/views.py',
      [`${home}/setup.py`]: 'setup.py',
      [`${home}/services/web/setup.py`]: 'services/web/setup.py',
    });
  });

  it('of installed packages and of namesakes elsewhere stay outside', () => {
    const paths = [
      '/usr/lib/python3.11/conftest.py',
      '/opt/venv/lib/python3.11/site-packages/services/web/setup.py',
      '/other/place/conftest.py',
    ];
    expect(places(paths)).toEqual(Object.fromEntries(paths.map((path) => [path, `outside ${path}`])));
  });

  it('of hosted runners are known without a checkout', () => {
    const none = { trackedFiles: undefined, repositoryRoot: undefined };
    expect(
      places(
        [
          '/home/runner/work/zoo/zoo/src/a.py',
          'D:\\a\\zoo\\zoo\\src\\b.py',
          '/__w/zoo/zoo/c.py',
          '/home/runner/work/zoo/other/d.py',
        ],
        none,
      ),
    ).toEqual({
      '/home/runner/work/zoo/zoo/src/a.py': 'src/a.py',
      'D:\\a\\zoo\\zoo\\src\\b.py': 'src/b.py',
      '/__w/zoo/zoo/c.py': 'c.py',
      '/home/runner/work/zoo/other/d.py': 'outside /home/runner/work/zoo/other/d.py',
    });
  });
});

describe('Windows paths', () => {
  it('get slashes, and drive letters in either case are one root', () => {
    expect(places(['services\\api\\src\\app\\views.py'])).toEqual({
      'services\\api\\src\\app\\views.py': 'services/api/src/app/views.py',
    });
    expect(
      places(['c:\\Work\\repo\\setup.py'], {
        repositoryRoot: 'C:/Work/repo',
        workingDirectory: 'C:\\Work\\repo',
      }),
    ).toEqual({
      'c:\\Work\\repo\\setup.py': 'setup.py',
    });
  });

  it('leave alone a tracked name that holds a backslash', () => {
    expect(places(['odd\\name.py'])).toEqual({ 'odd\\name.py': 'odd\\name.py' });
  });
});

it('places 50,000 files in a repository of 200,000 within seconds', () => {
  const trackedFiles = Array.from(
    { length: 200_000 },
    (_, index) => `mono/part${index % 5}/pkg${index >> 3}/${index % 3 === 0 ? '__init__' : `m${index}`}.py`,
  );
  const paths = trackedFiles
    .filter((file) => file.startsWith('mono/part2/'))
    .map((file) => file.slice('mono/part2/'.length));
  const started = cpuMs();
  const resolved = resolvePaths(paths, { ...base, trackedFiles });
  expect(cpuMs() - started).toBeLessThan(30_000);
  expect([...resolved.values()].every(({ path }) => path.startsWith('mono/part2/'))).toBe(true);
});

describe('installed packages', () => {
  const packages = [
    '.tox/py312/lib/python3.12/site-packages/app/views.py',
    'venv/lib/python3.12/site-packages/app/views.py',
    '.nox/tests/lib/python3.12/site-packages/app/views.py',
    'env/Lib/site-packages/app/views.py',
    'site-packages/app/views.py',
    'usr/lib/python3/dist-packages/app/views.py',
    'lib/python3.12/json/decoder.py',
  ];
  it.each([
    ['relative', ''],
    ['absolute, below the repository', '/repo/'],
    ['absolute, elsewhere', '/home/ci/build/'],
  ])('are outside the repository, whatever their path: %s', (_, prefix) => {
    for (const tracked of [base.trackedFiles, undefined]) {
      const paths = packages.map((path) => prefix + path);
      const found = places([...paths, `${prefix}src/app/views.py`], { trackedFiles: tracked });
      for (const path of paths) expect(found[path], path).toMatch(/^outside /);
    }
  });

  it('are in it where they are tracked', () => {
    const path = 'vendor/site-packages/app/views.py';
    expect(places([path], { trackedFiles: [path] })[path]).toBe(path);
    expect(places([`/repo/${path}`], { trackedFiles: [path] })[`/repo/${path}`]).toBe(path);
  });
});
