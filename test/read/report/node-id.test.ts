// Test identity: pytest's node id back from what it wrote, best evidence first; each case is a shape that pytest really
// writes, or one made to take long.
import { describe, expect, it } from 'vitest';
import type { Checkout } from '../../../src/read/checkout.ts';
import { indexCheckout } from '../../../src/read/checkout.ts';
import type { Location } from '../../../src/read/report/failure-text.ts';
import { createNodeIds, mangle, matchPath } from '../../../src/read/report/node-id.ts';
import { cpuMs } from '../../support/cpu.ts';

interface Given {
  readonly classname: string;
  readonly name: string;
  readonly file?: string;
  readonly collected?: boolean;
  /** Paths that the test's own failure names. */
  readonly through?: readonly string[];
  /** Files that are on disk. */
  readonly disk?: Readonly<Record<string, string>> | readonly string[];
  readonly prefix?: string;
  readonly modules?: readonly (readonly [string, string])[];
}

function checkoutOf(given: Given): Checkout | undefined {
  if (given.disk === undefined) return undefined;
  const sources: Record<string, string> = Array.isArray(given.disk)
    ? Object.fromEntries(given.disk.map((path) => [path, '']))
    : { ...given.disk };
  return indexCheckout(
    { root: '/home/me/repo', paths: Object.keys(sources), readText: (path) => sources[path] },
    [given.classname, given.name],
    undefined,
  );
}

function rebuild(given: Given) {
  const ids = createNodeIds(
    { prefix: given.prefix ?? '', modules: new Map(given.modules) },
    checkoutOf(given),
  );
  const locations: Location[] = (given.through ?? []).map((path) => ({ path, line: 1 }));
  const { classname, name, file, collected = false } = given;
  return ids.rebuild({ classname, name, file, collected }, locations);
}

const idOf = (given: Given) => `${rebuild(given).testName} (${rebuild(given).source})`;

describe('a node id by the file attribute', () => {
  it.each<[string, Given, string]>([
    [
      'of a function',
      { classname: 'tests.test_a', name: 't', file: 'tests/test_a.py' },
      'tests/test_a.py::t',
    ],
    [
      'of nested classes',
      { classname: 'tests.test_a.A.B', name: 't[x]', file: 'tests/test_a.py' },
      'tests/test_a.py::A::B::t[x]',
    ],
    [
      'with dots in a folder',
      { classname: 'v1.2.check_ver', name: 't', file: 'v1.2/check_ver.py' },
      'v1.2/check_ver.py::t',
    ],
    [
      'written on Windows',
      { classname: 'tests.test_a.A', name: 't', file: 'tests\\test_a.py' },
      'tests/test_a.py::A::t',
    ],
    [
      'of a twin: a class',
      { classname: 'tests.test_gate.LockUp', name: 't', file: 'tests/test_gate.py' },
      'tests/test_gate.py::LockUp::t',
    ],
    [
      'of a twin: a module',
      { classname: 'tests.test_gate.LockUp', name: 't', file: 'tests/test_gate/LockUp.py' },
      'tests/test_gate/LockUp.py::t',
    ],
    [
      'of a doctest text file',
      { classname: 'docs.g.txt', name: 'g.txt', file: 'docs/g.txt' },
      'docs/g.txt::g.txt',
    ],
    [
      'of a file outside rootdir',
      { classname: '...other.test_x', name: 't', file: '../other/test_x.py' },
      '../other/test_x.py::t',
    ],
  ])('%s', (_, given, id) => expect(idOf(given)).toBe(`${id} (file-attribute)`));

  it('is not taken where another file defines the function', () => {
    const inherited = { classname: 'tests.test_child.TestA', name: 't', file: 'tests/base.py' };
    expect(idOf(inherited)).toBe('tests/test_child.py::TestA::t (convention)');
    expect(idOf({ classname: 'tests.test_ab', name: 't', file: 'tests/test_a.py' })).toBe(
      'tests/test_ab.py::t (convention)',
    );
  });
});

describe('a node id by the checkout', () => {
  it.each<[string, Given, string]>([
    [
      'of a capital module',
      { classname: 'checks.Gate', name: 't', disk: ['checks/Gate.py'] },
      'checks/Gate.py::t',
    ],
    [
      'of a class that looks like a module',
      { classname: 'checks.gate.test_case', name: 't', disk: ['checks/gate.py'] },
      'checks/gate.py::test_case::t',
    ],
    [
      'with dots in a folder and in the file',
      { classname: 'v1.2.check_v2.0', name: 't', disk: ['v1.2/check_v2.0.py'] },
      'v1.2/check_v2.0.py::t',
    ],
    [
      'of a text file',
      { classname: 'docs.guide.txt', name: 'guide.txt', disk: ['docs/guide.txt'] },
      'docs/guide.txt::guide.txt',
    ],
    [
      'of a doctest in a module',
      { classname: 'src.app.calc', name: 'app.calc.div', disk: ['src/app/calc.py', 'app/calc.py'] },
      'src/app/calc.py::app.calc.div',
    ],
    [
      'of a package beside a module of its name: the class is in one',
      {
        classname: 'tests.gate.Lock',
        name: 't',
        disk: { 'tests/gate.py': 'class Lock:\n  def t(self): 0', 'tests/gate/Lock.py': '' },
      },
      'tests/gate.py::Lock::t',
    ],
    [
      'of a package beside a module of its name: the function is in the other',
      {
        classname: 'tests.gate.Lock',
        name: 't',
        disk: { 'tests/gate.py': '', 'tests/gate/Lock.py': 'def t(): 0' },
      },
      'tests/gate/Lock.py::t',
    ],
    [
      'of two that fit: the one the failure passed through',
      {
        classname: 'tests.gate.Lock',
        name: 't',
        disk: { 'tests/gate.py': 'class Lock:\n  def t(self): 0', 'tests/gate/Lock.py': 'def t(): 0' },
        through: ['/home/me/repo/tests/gate/Lock.py'],
      },
      'tests/gate/Lock.py::t',
    ],
    [
      'of two spellings of one dotted name',
      {
        classname: 'tests.b.c.test_dot',
        name: 't',
        disk: { 'tests/b.c/test_dot.py': 'def t(): 0', 'tests/b/c/test_dot.py': 'def other(): 0' },
      },
      'tests/b.c/test_dot.py::t',
    ],
    [
      'with a prefix in front',
      { classname: 'linux.tests.test_a.A', name: 't', prefix: 'linux', disk: ['tests/test_a.py'] },
      'tests/test_a.py::A::t',
    ],
    [
      'of a name that is part of another',
      {
        classname: 'tests.gate.Lock',
        name: 't',
        disk: { 'tests/gate.py': 'class Locker:\n  def tt(self): 0', 'tests/gate/Lock.py': 'def t(): 0' },
      },
      'tests/gate/Lock.py::t',
    ],
  ])('%s', (_, given, id) => expect(idOf(given)).toBe(`${id} (checkout)`));

  it.each(['', '[x]'])('ends where several files fit a test called %j', (name) => {
    const given = { classname: 'tests.gate.Lock', name, disk: ['tests/gate.py', 'tests/gate/Lock.py'] };
    expect(rebuild(given).source).toBe('checkout');
  });

  it('ends where a classname has empty parts', () => {
    const disk = { 'tests/gate.py': 'x', 'tests/gate/.py': 'y' };
    expect(rebuild({ classname: 'tests.gate.', name: 't', disk }).source).toBe('checkout');
  });
});

describe('a node id by the failure text', () => {
  it.each<[string, Given, string]>([
    [
      'of a path from rootdir',
      { classname: 'checks.gate.Lock', name: 't', through: ['checks/gate.py'] },
      'checks/gate.py::Lock::t',
    ],
    [
      'of an absolute path',
      { classname: 'checks.gate.Lock', name: 't', through: ['/home/me/repo/checks/gate.py'] },
      'checks/gate.py::Lock::t',
    ],
    [
      'of a path seen from a subfolder',
      { classname: 'checks.deep.gate.Lock', name: 't', through: ['../deep/gate.py'] },
      'checks/deep/gate.py::Lock::t',
    ],
    [
      'of the longest path that fits',
      { classname: 'a.b.gate.Lock', name: 't', through: ['gate.py', 'a/b/gate.py', 'lib/x.py'] },
      'a/b/gate.py::Lock::t',
    ],
    [
      'with dots in a folder',
      { classname: 'v1.2.gate', name: 't', through: ['v1.2/gate.py'] },
      'v1.2/gate.py::t',
    ],
    [
      'of another test of its module',
      { classname: 'checks.gate.Lock', name: 't', modules: [['checks.gate', 'checks/gate.py']] },
      'checks/gate.py::Lock::t',
    ],
  ])('%s', (_, given, id) => expect(idOf(given)).toBe(`${id} (traceback)`));

  it('is not taken from code under test that is called like a package', () => {
    expect(idOf({ classname: 'pkg.sets.tests.test_sets', name: 't', through: ['pkg/sets/sets.py'] })).toBe(
      'pkg/sets/tests/test_sets.py::t (convention)',
    );
  });

  it.each<[string, string, string]>([
    ['a folder', 'br[ack]et/test_x.py::T::t', 'br[ack]et/test_x.py::T::t'],
    ['a folder below another', 'qa.br[ack]et/t.py::t[1]', 'qa/br[ack]et/t.py::t[1]'],
  ])('stands in the name where a bracket is in %s', (_, name, id) =>
    expect(rebuild({ classname: '', name }).testName).toBe(id),
  );
});

describe('a node id by convention', () => {
  it.each<[string, Given, string]>([
    ['of a test module', { classname: 'tests.unit.test_x', name: 't' }, 'tests/unit/test_x.py::t'],
    [
      'of a module that ends so',
      { classname: 'pkg.x_test.TestA.TestB', name: 't' },
      'pkg/x_test.py::TestA::TestB::t',
    ],
    [
      'of a class called in capitals',
      { classname: 'checks.gate.LockUp', name: 't' },
      'checks/gate.py::LockUp::t',
    ],
    ['of no class at all', { classname: 'checks.gate', name: 't' }, 'checks/gate.py::t'],
    [
      'with a prefix in front',
      { classname: 'linux.tests.test_x.T', name: 't', prefix: 'linux' },
      'tests/test_x.py::T::t',
    ],
    ['of a text file', { classname: 'docs.guide.txt', name: 'guide.txt' }, 'docs/guide.txt::guide.txt'],
    [
      'with anything in its parameters',
      { classname: 'tests.test_x', name: 't[a::b/c.py[0]-\n"]' },
      'tests/test_x.py::t[a::b/c.py[0]-\n"]',
    ],
  ])('%s', (_, given, id) => expect(idOf(given)).toBe(`${id} (convention)`));

  it('has the function without its parameters', () => {
    expect(rebuild({ classname: 'tests.test_x.A.B', name: 't[a::b[0]]' })).toMatchObject({
      testFile: 'tests/test_x.py',
      testClass: 'A::B',
      testFunction: 't',
    });
  });

  it('is the name alone where there is nothing else', () => {
    expect(idOf({ classname: '', name: 'odd' })).toBe('odd (unknown)');
  });
});

describe('a module that was collected', () => {
  it.each<[string, Given, string]>([
    [
      'by its file attribute',
      { classname: '', name: 'v1.2.check', file: 'v1.2/check.py', collected: true },
      'v1.2/check.py (file-attribute)',
    ],
    [
      'by the checkout',
      { classname: '', name: 'v1.2.check', collected: true, disk: ['v1.2/check.py'] },
      'v1.2/check.py (checkout)',
    ],
    [
      'as a folder',
      { classname: '', name: 'tests.unit', collected: true, disk: ['tests/unit/test_x.py', 'unit.py'] },
      'tests/unit (checkout)',
    ],
    [
      'by its own failure',
      { classname: '', name: 'v1.2.check', collected: true, through: ['/repo/v1.2/check.py'] },
      'v1.2/check.py (traceback)',
    ],
    [
      'by convention',
      { classname: '', name: 'tests.broken.test_x', collected: true },
      'tests/broken/test_x.py (convention)',
    ],
  ])('is the file %s', (_, given, id) => {
    expect(idOf(given)).toBe(id);
    expect(rebuild(given)).toMatchObject({ testClass: undefined, testFunction: undefined });
  });

  it('is not the file of a longer path that only holds its name', () => {
    expect(idOf({ classname: '', name: 'a.b', collected: true, modules: [['a', 'a.py']] })).toBe(
      'a/b.py (convention)',
    );
  });
});

describe('a path in a classname', () => {
  it.each<[string, string, string | undefined]>([
    ['a.b.test_x', '/home/me/a/b/test_x.py', 'a/b/test_x.py'],
    ['a.b.test_x.T', 'b/test_x.py', 'a/b/test_x.py'],
    ['a.b.test_x', 'c/test_y.py', undefined],
    ['a.b.test_x', '', undefined],
    ['a.b.test_x', 'a/b', undefined],
    ['a.b.test_x', 'a/b/', undefined],
    ['a.b.test_x.T', 'a/b/test_x', 'a/b/test_x'],
    ['a.b.test_x', 'a//b/test_x.py', 'a/b/test_x.py'],
    ['a.b.test_x', 'a/b/test_x.pyc', undefined],
    ['a.b.test_x', 'a/b/test_xy.py', undefined],
    ['a.test_b.T', 'a.test_b.py', 'a.test_b.py'],
    ['.T', '.py', '.py'],
    ['a.b.x', 'a.b.py', undefined],
    ['a.T', 'a.pyc', undefined],
  ])('%s and %s give %s', (classname, path, file) =>
    expect(matchPath(classname.split('.'), path)?.file).toBe(file),
  );

  it('is what pytest makes of it', () => {
    expect(mangle('tests/v1.2/test_x.py')).toBe('tests.v1.2.test_x');
    expect(mangle('docs/g.txt')).toBe('docs.g.txt');
  });
});

describe('an address made to take long', () => {
  const many = 100_000;
  it.each<[string, Given]>([
    ['of very many parts', { classname: 'test_a.'.repeat(many), name: 't' }],
    [
      'of very many parts, with a path of as many',
      { classname: 'a.'.repeat(many), name: 't', through: ['a/'.repeat(many)] },
    ],
    [
      'of very many parts, with a checkout',
      { classname: 'a.'.repeat(many), name: 't', disk: ['a.py', 'a/a.py', 'a/a/a.py'] },
    ],
    [
      'of very many parts, with known modules',
      { classname: 'a.'.repeat(many), name: 't', modules: [['a', 'a.py']] },
    ],
    ['of very many dots', { classname: '.'.repeat(many), name: '.'.repeat(many), disk: ['a.py'] }],
    [
      'collected',
      { classname: '', name: 'a.'.repeat(many), collected: true, disk: ['a.py'], modules: [['a', 'a.py']] },
    ],
    ['of very many brackets', { classname: '', name: `${'a[.py::'.repeat(many)}` }],
  ])('%s is taken as it stands, at once', (_, given) => {
    const start = cpuMs();
    rebuild(given);
    expect(cpuMs() - start).toBeLessThan(2500);
  });
});
