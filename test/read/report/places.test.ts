// Addresses that pytest makes of unusual node ids: files outside rootdir, xdist groups, files that are not Python, node ids
// that a conftest.py sets, dots in collectors' names. The shapes were written by pytest 9.0 and 9.1.
import { describe, expect, it } from 'vitest';
import { indexCheckout } from '../../../src/read/checkout.ts';
import { escapeAttribute, readText, wrap } from '../support/reports.ts';

interface Case {
  readonly classname?: string;
  readonly name: string;
  readonly file?: string;
  readonly text?: string;
  readonly message?: string;
}

const attributeOf = (name: string, value: string | undefined) =>
  value === undefined ? '' : ` ${name}="${escapeAttribute(value)}"`;
const testcase = ({ classname = '', name, file, text, message = 'assert 0' }: Case) =>
  `<testcase classname="${escapeAttribute(classname)}" name="${escapeAttribute(name)}"${attributeOf('file', file)} time="0.1">${
    text === undefined
      ? ''
      : `<failure message="${escapeAttribute(message)}">${escapeAttribute(text)}</failure>`
  }</testcase>`;

async function read(cases: readonly Case[], files?: readonly string[] | Readonly<Record<string, string>>) {
  const sources = new Map(
    files === undefined
      ? []
      : Array.isArray(files)
        ? files.map((path) => [path, undefined])
        : Object.entries(files),
  );
  const { results } = await readText(wrap(cases.map(testcase).join('')), {
    checkout: (survey) =>
      files === undefined
        ? undefined
        : indexCheckout(
            {
              root: '/w',
              paths: [...sources.keys()],
              readText: (path) => sources.get(path),
            },
            survey.classnames,
            undefined,
          ),
  });
  return results;
}
const ids = async (cases: readonly Case[], files?: Parameters<typeof read>[1]) =>
  (await read(cases, files)).map((result) => result.testName);
const idOf = async (one: Case, files?: Parameters<typeof read>[1]) => (await ids([one], files))[0];

describe('a file outside rootdir', () => {
  it('is named by xunit1’s file attribute, with the line of the traceback', async () => {
    const [passed, failed] = await read([
      { name: 'test_same', file: '../tests/test_a.py' },
      {
        classname: '.TestK.TestIn',
        name: 'test_bad[1]',
        file: '../tests/test_b.py',
        text: 'tests/test_b.py:2: KeyError',
      },
    ]);
    expect(passed).toMatchObject({
      testName: '../tests/test_a.py::test_same',
      testFile: '../tests/test_a.py',
    });
    expect(failed).toMatchObject({
      testName: '../tests/test_b.py::TestK::TestIn::test_bad[1]',
      testClass: 'TestK::TestIn',
      testFunction: 'test_bad',
      nodeIdSource: 'file-attribute',
      failure: { line: 2, errorType: 'KeyError' },
    });
  });

  it('is named by the traceback without one, and never by a fixture’s or a library’s file', async () => {
    const text = 'tests/conftest.py:9: in fx\n    raise OSError\ntests/test_a.py:4: AssertionError';
    expect(await read([{ name: 'test_bad', text }])).toMatchObject([
      { testName: 'tests/test_a.py::test_bad', testFile: 'tests/test_a.py', failure: { line: 4 } },
    ]);
    const fixture = 'tests/conftest.py:9: OSError';
    expect(await read([{ name: 'test_bad', text: fixture }])).toMatchObject([
      { testName: 'test_bad', testFile: undefined },
    ]);
    const absolute =
      '/w/checks/verify.py:4: in t\n    f()\n/usr/lib/python3/site-packages/x/test_x.py:3: KeyError';
    expect(await idOf({ name: 'test_bad', text: absolute }, ['checks/verify.py'])).toBe(
      'checks/verify.py::test_bad',
    );
  });

  it('has one name whether it passes or fails, where one test module of the checkout alone has it', async () => {
    const files = {
      'tests/test_a.py': 'def test_one(): pass\nclass TestK:\n  def test_two(self): pass',
      'tests/test_b.py': 'def test_two(): pass\ndef test_three(): pass',
      'src/test_three.txt': 'def test_three(): pass',
    };
    const cases = [
      { name: 'test_one[1]' },
      { classname: '.TestK', name: 'test_two' },
      { name: 'test_three' },
      { name: 'test_two' },
    ];
    const passed = await ids(cases, files);
    expect(passed).toEqual([
      'tests/test_a.py::test_one[1]',
      'tests/test_a.py::TestK::test_two',
      'tests/test_b.py::test_three',
      // Two modules have it.
      'test_two',
    ]);
    const own = ['tests/test_a.py', '../tests/test_a.py', '/w/tests/test_b.py'];
    const failed = own.map((path, i) => ({ ...(cases[i] as Case), text: `${path}:1: KeyError` }));
    expect(await ids(failed, files)).toEqual(passed.slice(0, 3));
    // The traceback names another file.
    expect(await idOf({ name: 'test_one', text: '../x/test_q.py:1: KeyError' }, files)).toBe(
      '../x/test_q.py::test_one',
    );
  });

  it('of an installed package (--pyargs) has file and line, and one name whether it fails or not', async () => {
    const place = '/home/u/.venv/lib/python3.12/site-packages/pkg/tests/test_mod.py';
    const text = `${place}:7: in test_bad\n    helper()\n${place}:3: KeyError`;
    expect(await read([{ name: 'test_bad', text }, { name: 'test_bad' }])).toMatchObject([
      { testName: 'test_bad', testFile: 'pkg/tests/test_mod.py', failure: { line: 3 } },
      { testName: 'test_bad' },
    ]);
    // A fixture of a plugin is no test's file.
    const plugin = '/home/u/.venv/lib/python3.12/site-packages/pytest_django/fixtures.py:7: KeyError';
    expect(await read([{ name: 'test_bad', text: plugin }])).toMatchObject([{ testFile: undefined }]);
  });

  it('has file and line where pytest shows an absolute path, which is no name on the next machine', async () => {
    expect(await read([{ name: 'test_bad', text: '/srv/checks/test_a.py:4: AssertionError' }])).toMatchObject(
      [{ testName: 'test_bad', testFile: '/srv/checks/test_a.py', failure: { line: 4 } }],
    );
  });

  it('is not named by a parameter that holds a path', async () => {
    const text = 'tests/test_a.py:4: AssertionError';
    const names = ['test_p[tests/test_b.py::x]', 'test_p[a/setup.py]', 'test_p[a.py::b]@db'];
    expect(await ids(names.map((name) => ({ name, text })))).toEqual([
      'tests/test_a.py::test_p[tests/test_b.py::x]',
      'tests/test_a.py::test_p[a/setup.py]',
      'tests/test_a.py::test_p[a.py::b]',
    ]);
    // A folder's own bracket.
    expect(await ids([{ name: 'a.d[x]/test_b.py::test_p[1]' }, { name: 'd[x/test_b.py::test_p' }])).toEqual([
      'a/d[x]/test_b.py::test_p[1]',
      'd[x/test_b.py::test_p',
    ]);
  });

  it('gives no folder for an empty part, and a folder above for three dots', async () => {
    expect(
      await ids([
        { classname: '...other.test_x', name: 't' },
        { classname: '...other.test_x.TestB', name: 't' },
        { classname: '......a.check.TestB', name: 't' },
        { classname: '.TestX', name: 't' },
        { classname: '.account_tests', name: 't' },
        { classname: '.case.test_x', name: 't' },
        { classname: 'a..b.test_x', name: 't' },
        { classname: '....hidden.test_x', name: 't' },
      ]),
    ).toEqual([
      '../other/test_x.py::t',
      '../other/test_x.py::TestB::t',
      '../../a/check.py::TestB::t',
      'TestX::t',
      'account_tests::t',
      '.case/test_x.py::t',
      'a/.b/test_x.py::t',
      '../.hidden/test_x.py::t',
    ]);
    const above = { classname: '...other.verifyIt.TestB', name: 't' };
    expect(await idOf({ ...above, file: '../other/verifyIt.py' })).toBe('../other/verifyIt.py::TestB::t');
    expect(await idOf({ ...above, text: '../other/verifyIt.py:3: KeyError' })).toBe(
      '../other/verifyIt.py::TestB::t',
    );
  });

  it.each([
    [
      'by the traceback',
      '',
      'tests/test_mod.py:1: in <module>\n    raise ValueError("collect")\nE   ValueError: collect',
      1,
    ],
    [
      'behind an import of pytest’s own',
      '',
      "ImportError while importing test module '/w/tests/test_mod.py'.\nTraceback:\n/usr/lib/python3.11/importlib/__init__.py:126: in import_module\n    return x\ntests/test_mod.py:3: in <module>\nE   ValueError: collect",
      3,
    ],
    ['by the file attribute', ' file="tests/test_mod.py"', 'E   ValueError: collect', undefined],
  ])('is named where it cannot be collected, %s', async (_, file, text, line) => {
    const { results } = await readText(
      wrap(
        `<testcase classname="" name=""${file} time="0.1"><error message="collection failure">${escapeAttribute(text)}</error></testcase>`,
      ),
    );
    expect(results).toMatchObject([
      {
        testName: 'tests/test_mod.py',
        testFile: 'tests/test_mod.py',
        outcome: 'error',
        failure: { line, errorType: 'ValueError' },
      },
    ]);
  });

  it('is never `.py` where nothing names it', async () => {
    const { results } = await readText(
      wrap(
        '<testcase classname="" name="" time="0.1"><error message="collection failure">no</error></testcase>',
      ),
    );
    expect(results).toMatchObject([{ testName: 'a file that could not be collected', testFile: undefined }]);
  });
});

describe('the group of xdist’s --dist=loadgroup', () => {
  it.each([
    ['test_q@grp one', 'test_q'],
    ['test_q@grp/one.x', 'test_q'],
    ['test_p[0]@db', 'test_p[0]'],
    ['test_p[a@b]@db', 'test_p[a@b]'],
    ['test_p[x]y]@db', 'test_p[x]y]'],
    ['test_q@g[1]', 'test_q'],
    ['test_q@a@b', 'test_q'],
    ['test_p[a@b]', 'test_p[a@b]'],
    ['test_p[a]@b]', 'test_p[a]@b]'],
    ['test_ünï@db', 'test_ünï'],
  ])('%s is %s', async (name, plain) => {
    expect(await read([{ classname: 'test_g.TestA', name }])).toMatchObject([
      { testName: `test_g.py::TestA::${plain}`, testFunction: plain.split('[')[0] },
    ]);
    expect(await idOf({ name, file: '../x/test_g.py' })).toBe(`../x/test_g.py::${plain}`);
  });

  it('is none in the name of an item that is no function', async () => {
    expect(await idOf({ classname: 'specs.login.yaml', name: 'user@host' })).toBe(
      'specs/login.yaml::user@host',
    );
    expect(await idOf({ classname: 'tests.test_a', name: 'login of a@b' })).toBe(
      'tests/test_a.py::login of a@b',
    );
  });
});

describe('an item of a file that is not Python', () => {
  const cases: readonly (readonly [Case, string])[] = [
    [{ classname: 'nb.Intro.ipynb', name: '' }, 'nb/Intro.ipynb::'],
    [{ classname: 'nb.Intro.ipynb.part', name: 'step 1' }, 'nb/Intro.ipynb::part::step 1'],
    [{ classname: 'nb.Intro.ipynb', name: 'Cell 0' }, 'nb/Intro.ipynb::Cell 0'],
    [{ classname: 'specs.login.yaml', name: 'test_login[1]' }, 'specs/login.yaml::test_login[1]'],
    [{ classname: 'specs.test_shop.tavern.yaml', name: 'buys' }, 'specs/test_shop.tavern.yaml::buys'],
    [{ classname: 'docs.md', name: 'a.b: c' }, 'docs.md::a.b: c'],
    [{ classname: 'features.pay.feature.Scenario', name: 'pays' }, 'features/pay.feature::Scenario::pays'],
    [{ classname: 'q.report.sql', name: 'row count' }, 'q/report.sql::row count'],
  ];
  it.each(cases)('%j is %s without the checkout and with it', async (one, id) => {
    expect(await idOf(one)).toBe(id);
    expect(await idOf(one, [id.split('::')[0] ?? '', 'tests/test_a.py'])).toBe(id);
    expect(await idOf({ ...one, file: id.split('::')[0] ?? '' })).toBe(id);
  });

  it.each([
    ['tests.json.test_encode', 'test_x', 'tests/json/test_encode.py::test_x'],
    ['lib.json', 'test_dumps', 'lib/json.py::test_dumps'],
    ['tests.yaml.TestLoad', 'test_x', 'tests/yaml.py::TestLoad::test_x'],
    ['src.app.yaml', 'app.yaml.load', 'src/app/yaml.py::app.yaml.load'],
    ['docs.guide.txt', 'guide.txt', 'docs/guide.txt::guide.txt'],
  ])('is not seen in Python’s own modules: %s', async (classname, name, id) => {
    expect(await idOf({ classname, name })).toBe(id);
  });

  it('is named as its file where that cannot be collected', async () => {
    const broken =
      '<testcase classname="" name="nb.Intro.ipynb" time="0.1"><error message="collection failure">bad</error></testcase>';
    expect((await readText(wrap(broken))).results[0]?.testName).toBe('nb/Intro.ipynb');
  });
});

describe('a node id that a conftest.py sets', () => {
  it('takes file and line from the file attribute and the traceback', async () => {
    const text =
      'self = <x>\n\n    def test_v(self):\n>       raise KeyError\nE       KeyError\n\ntest_meter.py:7: KeyError';
    expect(
      await read([
        { name: 'Reads version 4.3.1 of the meter', file: 'test_meter.py', text },
        { name: 'Login: user [admin] may log in', file: 'test_meter.py' },
        { classname: 'The meter 4.3 reads well', name: 'and prints', file: 'test_meter.py', text },
      ]),
    ).toMatchObject([
      {
        testName: 'test_meter.py::Reads version 4.3.1 of the meter',
        testFile: 'test_meter.py',
        failure: { line: 7 },
      },
      { testName: 'test_meter.py::Login: user [admin] may log in', testFile: 'test_meter.py' },
      {
        testName: 'test_meter.py::The meter 4.3 reads well::and prints',
        testFile: 'test_meter.py',
        failure: { line: 7 },
      },
    ]);
  });

  it('is one test whether it passes or fails, without the file attribute', async () => {
    const text = 'tests/test_meter.py:7: KeyError';
    for (const one of [
      { name: 'Reads the meter' },
      { name: 'Login' },
      { name: 'Reads a list [1, 2] of meters' },
      { classname: 'The meter. Version 4 reads', name: 'well' },
    ]) {
      const [[passed], [failed]] = [await read([one]), await read([{ ...one, text }])];
      expect(failed).toMatchObject({
        testName: passed?.testName,
        testFile: 'tests/test_meter.py',
        failure: { line: 7 },
      });
    }
  });
});

describe('a collector whose name holds dots', () => {
  const suite = 'mypy.test.testcheck.TypeCheckSuite';
  it.each([
    ['check-basic.test', undefined],
    ['check-3.8.test', undefined],
    ['check_basic.test', undefined],
    ['Check.Basic', ['unit/Check.Basic']],
    ['check.plain', ['unit/check.plain']],
  ])('is one: %s', async (name, files) => {
    const all = files === undefined ? undefined : [...files, 'mypy/test/testcheck.py'];
    expect(await idOf({ classname: `${suite}.${name}`, name: 'testOk' }, all)).toBe(
      `mypy/test/testcheck.py::TypeCheckSuite::${name}::testOk`,
    );
  });

  it('leaves nested classes apart', async () => {
    expect(await idOf({ classname: 'tests.test_a.Outer.Inner.test', name: 't' })).toBe(
      'tests/test_a.py::Outer::Inner::test::t',
    );
  });
});

describe('tests.py in a folder named like a test module', () => {
  it.each([
    ['tests.test_client.tests.ClientTest', 'tests/test_client/tests.py::ClientTest::t'],
    ['tests.test_utils.tests', 'tests/test_utils/tests.py::t'],
    ['tests.test_utils.view_tests.ViewTest', 'tests/test_utils/view_tests.py::ViewTest::t'],
    ['test_a.test.TestX', 'test_a/test.py::TestX::t'],
    ['tests.test_client.ClientTest', 'tests/test_client.py::ClientTest::t'],
  ])('%s', async (classname, id) => expect(await idOf({ classname, name: 't' })).toBe(id));
});
