import { expect, it } from 'vitest';
import { wordRenames } from '../../src/tell/renames.ts';

it('a moved folder is one line, however many tests it holds; a renamed function is one with all its parameters', () => {
  expect(
    wordRenames([
      { from: 'tests/unit/test_a.py::test_x', to: 'tests/cash/test_a.py::test_x' },
      { from: 'tests/unit/test_b.py::TestB::test_y[1]', to: 'tests/cash/test_b.py::TestB::test_y[1]' },
      { from: 'test_c.py::test_z', to: 'tests/test_c.py::test_z' },
      { from: 'tests/test_d.py::test_d', to: 'tests/test_e.py::test_d' },
      { from: 'tests/test_f.py::test_old[1::2]', to: 'tests/test_f.py::test_new[1::2]' },
      { from: 'tests/test_f.py::test_old[2]', to: 'tests/test_f.py::test_new[2]' },
      { from: 'tests/test_f.py::test_g', to: 'tests/test_g.py::TestG::test_g' },
    ]),
  ).toEqual({
    moved: {
      count: 4,
      names: ['tests/unit → tests/cash', '. → tests', 'tests/test_d.py → tests/test_e.py'],
    },
    renamed: {
      count: 3,
      names: [
        'tests/test_f.py::test_old → test_new',
        'tests/test_f.py::test_g → tests/test_g.py::TestG::test_g',
      ],
    },
  });
});
