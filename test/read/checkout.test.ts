// Where pytest's rootdir lies, asked of the files on disk and the addresses in a report.
import { describe, expect, it } from 'vitest';
import { indexCheckout } from '../../src/read/checkout.ts';
import { cpuMs } from '../support/cpu.ts';

function index(paths: string[], classnames: string[], rootdir?: string, root = '/home/me/work/repo') {
  return indexCheckout({ root, paths, readText: (path) => `text of ${path}` }, classnames, rootdir);
}

describe('rootdir', () => {
  const monorepo = [
    'services/api/tests/test_views.py',
    'services/web/tests/test_pages.py',
    'tests/test_all.py',
    'services/api/app/views.py',
  ];

  it.each<[string, string[], string]>([
    ['the repository', ['tests.test_all', 'services.api.tests.test_views'], ''],
    ['a folder of a monorepo', ['tests.test_views', 'tests.test_views.TestA'], 'services/api'],
    ['a folder further down', ['test_pages.TestA'], 'services/web/tests'],
    ['the folder above', ['repo.tests.test_all', 'repo.services.api.tests.test_views'], '..'],
    ['two folders above', ['work.repo.tests.test_all'], '../..'],
  ])('is %s', (_, classnames, rootdir) => expect(index(monorepo, classnames).rootdir).toBe(rootdir));

  it('is where most addresses begin, not where one does by chance', () => {
    const paths = ['a/tests/test_x.py', 'a/tests/test_y.py', 'b/tests/test_x.py'];
    expect(index(paths, ['tests.test_x', 'tests.test_y']).rootdir).toBe('a');
  });

  it('is nearest to the repository where addresses do not decide', () => {
    expect(index(['deep/down/test_x.py', 'test_x.py'], ['test_x']).rootdir).toBe('');
  });

  it('is what the user says', () => {
    const checkout = index(monorepo, ['tests.test_views'], './services/api/');
    expect(checkout.rootdir).toBe('services/api');
    expect(checkout.files('tests.test_views')).toEqual(['tests/test_views.py']);
    expect(index(monorepo, ['tests.test_views'], 'services\\api').rootdir).toBe('services/api');
  });

  it('is unknown where no address is a file', () => {
    expect(index(monorepo, ['other.test_none']).rootdir).toBeUndefined();
    expect(index(monorepo, []).rootdir).toBeUndefined();
    expect(index([], ['tests.test_views']).rootdir).toBeUndefined();
  });
});

describe('files', () => {
  it('are found by their dotted name, dots in folders included, seen from rootdir', () => {
    const checkout = index(
      ['x/v1.2/test_a.py', 'x/v1/2/test_a.py', 'x/docs/g.txt'],
      ['v1.2.test_a', 'docs.g.txt'],
    );
    expect(checkout.files('v1.2.test_a')).toEqual(['v1.2/test_a.py', 'v1/2/test_a.py']);
    expect(checkout.files('docs.g.txt')).toEqual(['docs/g.txt']);
    expect(checkout.files('docs.g')).toEqual([]);
    expect(checkout.isFolder('v1.2')).toBe(true);
    expect(checkout.isFolder('v1.2.test_a')).toBe(false);
  });

  it('are read from where they are, whatever rootdir is', () => {
    expect(index(['api/tests/test_a.py'], ['tests.test_a']).readText('tests/test_a.py')).toBe(
      'text of api/tests/test_a.py',
    );
    expect(index(['tests/test_a.py'], ['repo.tests.test_a']).readText('repo/tests/test_a.py')).toBe(
      'text of tests/test_a.py',
    );
    expect(index(['tests/test_a.py'], ['tests.test_a']).readText('tests/other.py')).toBeUndefined();
  });
});

it('of folders that fit equally none is called rootdir, unless the report lies in it or one is nearer to the root', () => {
  const paths = ['api/tests/test_x.py', 'web/tests/test_x.py', 'old/web/tests/test_y.py'];
  const files = { root: '/home/me/repo', paths, readText: () => undefined };
  const rootdir = (names: string[], folder?: string) =>
    indexCheckout(files, names, undefined, folder).rootdir;
  expect(rootdir(['tests.test_x'])).toBeUndefined();
  expect(indexCheckout(files, ['tests.test_x'], undefined).files('tests.test_x')).toEqual([
    'tests/test_x.py',
  ]);
  expect(rootdir(['tests.test_x'], 'web')).toBe('web');
  expect(rootdir(['tests.test_x'], 'reports/web')).toBeUndefined();
  expect(rootdir(['tests.test_y'])).toBe('old/web');
});

describe('an index made to take long', () => {
  const paths = Array.from({ length: 2000 }, (_, i) => `pkg${i}/tests/test_a.py`);

  it('of a large monorepo and many addresses takes a moment', () => {
    const classnames = Array.from({ length: 20_000 }, (_, i) => `tests.test_a.TestCase${i}.pkg${i}`);
    const start = cpuMs();
    expect(index(paths, classnames).files('tests.test_a')).toHaveLength(1);
    expect(cpuMs() - start).toBeLessThan(30_000);
  });

  it('of addresses of very many parts takes a moment', () => {
    const start = cpuMs();
    index(paths, ['test_a.'.repeat(100_000), '.'.repeat(100_000)]);
    expect(cpuMs() - start).toBeLessThan(5000);
  });
});
