import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { functionsIn } from '../../src/read/functions.ts';

const read = (source: string) =>
  Object.fromEntries(functionsIn(source).map(({ path, tokens }) => [path, tokens.join(' ')]));

describe('the functions of a Python file', () => {
  it('have the names that pytest gives them, and their decorators, parameters and bodies', () => {
    expect(
      read(`
import pytest
LIMIT = 3

@pytest.mark.parametrize(
    "n", [1, 2],
)
async def test_one(
    n,
):
    def helper():
        return n
    assert helper() == n  # a comment

class TestCart:
    size = 2

    def test_two(self): assert self.size

    class TestInner:
\tdef test_three(self):
\t    pass

after = test_one
`),
    ).toEqual({
      test_one:
        '@ pytest . mark . parametrize ( " n " , [ 1 , 2 ] , ) ( n , ) : def helper ( ) : return n assert helper ( ) = = n',
      'TestCart::test_two': '( self ) : assert self . size',
      'TestCart::TestInner::test_three': '( self ) : pass',
    });
  });

  it('go on behind texts and brackets that begin at the margin', () => {
    expect(
      read(`def test_text():
    text = """
def test_inside(): pass
""" + '#"' # """
    data = [
1,
]
    assert text
def test_next():
    pass
`),
    ).toEqual({
      test_text: '( ) : text = " " " def test_inside ( ) : pass " " " + \' # " \' data = [ 1 , ] assert text',
      test_next: '( ) : pass',
    });
  });

  it('are the last ones where two have one name', () => {
    expect(read('def test_a():\n    one\ndef test_a():\n    two\n')).toEqual({ test_a: '( ) : two' });
  });

  it('are read from any text, in bounded size', () => {
    const piece = fc.constantFrom(
      'def test_a(',
      'class A:',
      '"""',
      "'''",
      '(',
      ')',
      '\n',
      '\t',
      '    ',
      '#',
      '"',
      '@',
      'x',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 60 }), (pieces) => {
        functionsIn(pieces.join(''));
      }),
      { numRuns: 300 },
    );
    expect(functionsIn(`def test_a():\n${'    x = 1\n'.repeat(10_000)}`)[0]?.tokens).toHaveLength(4000);
    expect(functionsIn(`def test_a():\n    ${'x '.repeat(1_000_000)}`)[0]?.tokens.length).toBeLessThan(2000);
  });
});
