// How a traceback's excerpt is told: in the comment, in an annotation, as plain lines.
import { describe, expect, it } from 'vitest';
import { excerptOf } from '../../src/read/report/excerpt.ts';
import { plainExcerpt } from '../../src/tell/excerpt.ts';
import { renderAnnotations } from '../../src/tell/github/annotations.ts';
import { renderSection, type Section } from '../../src/tell/github/comment-section.ts';
import type { ToldFailure } from '../../src/tell/words.ts';

const text = `tests/test_stock.py:9: in test_total
    assert stock.total() == [1, 3]
src/stock.py:21: in total
    assert found == [1, 3]
E   assert [1, 2] == [1, 3]
E     At index 1 diff: 2 != 3
E     -     3,
E     +     2,`;

const failure: ToldFailure = {
  testName: 'tests/test_stock.py::test_total',
  testFile: 'tests/test_stock.py',
  outcome: 'failed',
  line: 9,
  errorType: 'AssertionError',
  message: 'assert [1, 2] == [1, 3]',
  excerpt: excerptOf({ text, message: undefined, testFile: 'tests/test_stock.py' }),
};

const section: Section = {
  totals: {
    total: 1,
    passed: 0,
    failed: 1,
    skipped: 0,
    errors: 0,
    durationSeconds: 1,
    coveragePercent: undefined,
  },
  lost: 0,
  incomplete: false,
  troubles: [],
  xfailed: 0,
  failures: [failure],
  history: undefined,
  leastCovered: [],
  stored: { ok: true, text: '' },
  hideSolutions: false,
};
const detail = { failures: 9, messages: true, fixes: true, excerpts: 1, extras: false, more: '' };

describe('what a traceback shows', () => {
  it('is folded under its failure: source, words as a diff with its signs at the margin, frames', () => {
    expect(renderSection(section, detail)).toContain(`

  <details><summary>Traceback</summary>

  \`\`\`python
  > assert found == [1, 3]
  \`\`\`

  \`\`\`diff
  assert [1, 2] == [1, 3]
  At index 1 diff: 2 != 3
  -     3,
  +     2,
  \`\`\`

  - \`tests/test_stock.py:9\` \`assert stock.total() == [1, 3]\`
  - \`src/stock.py:21\` \`assert found == [1, 3]\`

  </details>`);
    expect(renderSection(section, { ...detail, excerpts: 0 })).not.toContain('Traceback');
  });

  it('is the last of an annotation, with the diff', () => {
    const [annotation = ''] = renderAnnotations({
      failures: [failure],
      all: 1,
      history: undefined,
      hideSolutions: false,
      locate: (file) => file,
    });
    expect(annotation).toContain(
      '%0A%0Aassert [1, 2] == [1, 3]%0AAt index 1 diff: 2 != 3%0A-     3,%0A+     2,',
    );
  });

  it('is plain lines in the log', () => {
    expect(failure.excerpt && plainExcerpt(failure.excerpt)).toEqual([
      '> assert found == [1, 3]',
      'E assert [1, 2] == [1, 3]',
      'E   At index 1 diff: 2 != 3',
      'E   -     3,',
      'E   +     2,',
      'tests/test_stock.py:9  assert stock.total() == [1, 3]',
      'src/stock.py:21  assert found == [1, 3]',
    ]);
  });
});
