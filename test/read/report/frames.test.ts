// The framing reader: the same frames whatever the chunks, in bounded memory, and one clear error for what is no report.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ReportError } from '../../../src/errors.ts';
import { type Frame, type FramingEnd, offsetsOfTest, readFrames } from '../../../src/read/report/frames.ts';
import { garbageCollector, reportBytes, wrap } from '../support/reports.ts';

interface Framed {
  readonly frames: readonly Frame[];
  readonly end: FramingEnd;
}

async function* listed(chunks: Iterable<string>): AsyncGenerator<string> {
  yield* chunks;
}

async function frame(chunks: Iterable<string>): Promise<Framed> {
  const frames: Frame[] = [];
  const reading = readFrames(listed(chunks), 'results.xml');
  for (;;) {
    const next = await reading.next();
    if (next.done === true) return { frames, end: next.value };
    frames.push(...next.value);
  }
}

function cut(text: string, size: number): string[] {
  return text.match(new RegExp(`[\\s\\S]{1,${size}}`, 'g')) ?? [];
}

/** What must not depend on the chunks. */
const independent = (outcome: unknown): unknown => {
  if (Array.isArray(outcome)) return outcome;
  const { frames, end } = outcome as Framed;
  return { end, frames: frames.flatMap((f): unknown[] => (isTest(f) ? elementsOf(f) : [f])) };
};

/** A test's place is told of malformed ones, which are frames of their own. */
const isTest = (f: Frame) => f.kind === 'passed' || (f.kind === 'testcase' && passed.test(f.xml));
const passed = /^<testcase classname="[^"]*" name="[^"]*" time="[^"]*" ?\/>$/;

/** The frames, or the error's code, words and place. */
async function outcomeOf(chunks: Iterable<string>): Promise<unknown> {
  try {
    return await frame(chunks);
  } catch (error) {
    if (!(error instanceof ReportError)) throw error;
    return [error.code, error.message, error.place];
  }
}

/** Passed tests side by side are one frame; where a chunk ends inside of one it is a frame of its own. */
const elementsOf = (f: Frame): string[] => {
  if (f.kind === 'testcase') return [f.xml];
  if (f.kind !== 'passed') return [];
  return Array.from({ length: f.offsets.length / offsetsOfTest }, (_, i) => {
    const [start, , , end] = f.offsets.slice(offsetsOfTest * i);
    return f.text.slice((start ?? 0) - '<testcase classname="'.length, end);
  });
};

const testcases = ({ frames }: Framed): string[] => frames.flatMap(elementsOf);

const kinds = ({ frames }: Framed): string[] => frames.map((f) => f.kind);

describe('frames', () => {
  it('are the root, suites, their properties and their testcases, each with its place', async () => {
    const text = `<?xml version="1.0"?>\n<testsuites>\n  <testsuite name="a > b">\n<properties><property name="x" value="1"/></properties>\n    <testcase name="t"/>\n</testsuite></testsuites>\n`;
    const { frames, end } = await frame([text]);
    expect(frames.map((f) => [f.kind, ...('line' in f ? [f.line, f.column] : [])])).toEqual([
      ['root', 2, 1],
      ['suite', 3, 3],
      ['properties', 4, 1],
      ['testcase', 5, 5],
      ['suite-end', 6, 1],
    ]);
    expect(frames[1]).toMatchObject({ xml: '<testsuite name="a > b">' });
    expect(end).toEqual({ complete: true, position: { line: 7, column: 1 } });
  });

  it.each([
    ['with `>` in an attribute value', '<testcase name="a > b" classname=\'c>"d\'/>'],
    [
      'with children of its own name for an end',
      '<testcase name="a"><failure message="/>">x</failure></testcase>',
    ],
    [
      'with a comment that holds another one',
      '<testcase name="a"><!-- <testcase/> </testcase> --></testcase>',
    ],
    [
      'with CDATA that holds another one',
      '<testcase name="a"><failure><![CDATA[</testcase> ]] > <testcase>]]></failure></testcase>',
    ],
    ['with an instruction that holds another one', '<testcase name="a"><?x </testcase> ?></testcase>'],
    ['with a `<` that begins nothing', '<testcase name="a"><failure>1 < 2 <= 3 <</failure></testcase>'],
    ['with white space in its tags', '<testcase\n\tname="a"\r\n></testcase\n>'],
    [
      'with its own properties',
      '<testcase name="a"><properties><property name="x" value="y"/></properties></testcase>',
    ],
  ])('are one for a testcase %s', async (_, testcase) => {
    for (const size of [1, 3, 10_000]) {
      expect(testcases(await frame(cut(wrap(`${testcase}<testcase name="next"/>`), size)))).toEqual([
        testcase,
        '<testcase name="next"/>',
      ]);
    }
  });

  it('of nested suites end where the suites do', async () => {
    const text =
      '<testsuites><testsuite name="a"><testsuite name="b"><testcase/></testsuite><testsuite name="c"/></testsuite></testsuites>';
    expect(kinds(await frame([text]))).toEqual([
      'root',
      'suite',
      'suite',
      'testcase',
      'suite-end',
      'suite',
      'suite-end',
      'suite-end',
    ]);
  });

  it('of pytest 5.0, whose root is the suite itself', async () => {
    expect(kinds(await frame(['<testsuite><testcase name="a"/></testsuite>']))).toEqual([
      'root',
      'suite',
      'testcase',
      'suite-end',
    ]);
  });

  it('begin behind comments and instructions, and nothing but those may follow', async () => {
    const text = `\ufeff<?xml version="1.0"?><!-- made by hand --><?style x?>${'<testsuites></testsuites>'}<!-- end --> \n`;
    for (const size of [1, 7, 1000]) expect((await frame(cut(text, size))).end.complete).toBe(true);
    // Shorter than what tells a section or a declaration.
    for (const size of [1, 7, 1000])
      expect((await frame(cut('<testsuites/><!--a-->', size))).end.complete).toBe(true);
  });

  it('of a testcase that was never closed end where the next one begins', async () => {
    const framed = await frame([wrap('<testcase name="a"><failure>x</failure><testcase name="b"/>')]);
    expect(testcases(framed)).toEqual(['<testcase name="a"><failure>x</failure>', '<testcase name="b"/>']);
    expect(testcases(await frame([wrap('<testcase name="a"><failure>')]))).toEqual([
      '<testcase name="a"><failure>',
    ]);
  });

  it('of properties that were never closed do not hide the tests behind them', async () => {
    const framed = await frame([
      wrap('<properties><property name="x" value="y"/><testcase name="a"/><testcase name="b"/>'),
    ]);
    expect(testcases(framed)).toEqual(['<testcase name="a"/>', '<testcase name="b"/>']);
    expect(kinds(framed)).toContain('properties');
  });

  it('of a testcase that lost a quote do not swallow the ones behind it', async () => {
    const broken = '<testcase classname="a name="b" time="0.1" />';
    const whole = '<testcase classname="a" name="c" time="0.1" />';
    for (const size of [1, 5, 1000]) {
      expect(testcases(await frame(cut(wrap(whole + broken + whole + whole), size)))).toEqual([
        whole,
        broken,
        whole,
        whole,
      ]);
    }
    const message = '<testcase name="b"><failure message="x>said "hello</failure></testcase>';
    expect(testcases(await frame([wrap(whole + message + whole)]))).toEqual([whole, message, whole]);
  });

  it('keep a `<` in an attribute value, which only a careless writer leaves there', async () => {
    const careless = '<testcase name="a < b <c> <testcases>"/>';
    for (const size of [1, 1000])
      expect(testcases(await frame(cut(wrap(careless), size)))).toEqual([careless]);
  });
});

describe('chunks', () => {
  const usual =
    '<testcase classname="a>b" name="\'c" time="0.1"><failure message="a &gt; > b">text</failure></testcase>';
  const real = reportBytes('zoo-xunit2-collect-errors-xdist').toString('utf8');
  const pieces = [
    '<testsuites>',
    '</testsuites>',
    '<testsuite name="s">',
    '</testsuite>',
    '<testcase name="a"/>',
    '<testcase name="a>b">',
    '</testcase>',
    '<failure message="x">',
    '</failure>',
    '<!-- c -->',
    '<!--',
    '-->',
    '<![CDATA[ <x> ]]>',
    ']]>',
    '<?pi?>',
    '<',
    '>',
    '"',
    "'",
    '&amp;',
    '\n',
    ' ',
    '<properties>',
    '</properties>',
    // Tests as pytest writes them, whole and in parts, have a way of their own.
    usual,
    usual.replace('text', '<![CDATA[text]]>'),
    usual.replace('text', 'line\n'.repeat(20)),
    usual.replace('</failure>', '</failure><error message="x">text</error>'),
    usual.replaceAll('failure', 'skipped').replace('message', 'type="pytest.skip" message'),
    usual.slice(0, usual.indexOf('</failure>')),
    '<failure>',
    'text of some length '.repeat(8),
    '<!DOCTYPE x>',
    '😀',
  ];
  const document = fc.oneof(
    // In an element of the child's name.
    fc.constant(wrap(`<failure>${usual}${usual}</failure>${usual}`)),
    fc.array(fc.constantFrom(...pieces), { maxLength: 30 }).map((parts) => parts.join('')),
    fc.array(fc.constantFrom(...pieces), { maxLength: 30 }).map((parts) => wrap(parts.join(''))),
    fc.constant(real),
  );

  it('never matter: neither for the frames nor for what is wrong', async () => {
    await fc.assert(
      fc.asyncProperty(document, fc.array(fc.nat(10_000), { maxLength: 12 }), async (text, cuts) => {
        const at = [0, ...cuts.map((c) => c % (text.length + 1)).sort((a, b) => a - b), text.length];
        const chunks = at.slice(1).map((end, i) => text.slice(at[i], end));
        expect(independent(await outcomeOf(chunks))).toEqual(independent(await outcomeOf([text])));
        if (text.length < 500)
          expect(independent(await outcomeOf(cut(text, 1)))).toEqual(independent(await outcomeOf([text])));
      }),
      { numRuns: 500 },
    );
  });

  it.each([
    ['an attribute more', '<testcase classname="a" name="b" file="t.py" time="0.100" />', 1],
    ['a start tag without an end', '<testcase classname="a" name="b" time="0.100">', 0],
    ['a name with a >', '<testcase classname="a" name="b > c" time="0.100" x="1"/>', 1],
    [
      'a child without text',
      '<testcase classname="a" name="b" time="0.1"><skipped message="m"></skipped></testcase>',
      1,
    ],
    [
      'a child that is empty',
      '<testcase classname="a" name="b" time="0.1"><skipped message="m" /></testcase>',
      1,
    ],
    [
      'a child whose end is cut',
      '<testcase classname="a" name="b" time="0.1"><failure message="m">text</fail',
      0,
    ],
    ['a text that is cut', '<testcase classname="a" name="b" time="0.1"><failure message="m">text', 0],
    ['a tag that is cut', '<testcase classname="a" name="b', 0],
    [
      'a lost quote before it',
      '<testcase classname="a <testcase classname="b" name="c" time="0.100" x="1"/>',
      2,
    ],
    [
      'a long text',
      `<testcase classname="a" name="b" time="0.1"><error message="m">${'x'.repeat(9000)}</error></testcase>`,
      1,
    ],
    [
      'a long text that is cut',
      `<testcase classname="a" name="b" time="0.1"><error message="m">${'x'.repeat(9000)}`,
      0,
    ],
  ])('may end behind a test with %s: what is whole of it is framed', async (_, last, whole) => {
    const usual = '<testcase classname="a" name="first" time="0.100" />';
    const text = `<testsuites><testsuite name="pytest">${usual}${last}`;
    for (const chunks of [
      [text],
      cut(text, 7),
      cut(text, 64),
      [`<testsuites><testsuite name="pytest">`, usual, last],
    ]) {
      const { frames, end } = await frame(chunks);
      const tests = frames.flatMap((one): unknown[] =>
        isTest(one) ? elementsOf(one) : one.kind === 'testcase' ? [one] : [],
      );
      expect(tests).toHaveLength(1 + whole);
      expect(end).toEqual({ complete: false, position: { line: 1, column: text.length + 1 } });
    }
  });

  it('may end anywhere: what is whole is framed, and the end is known as none', async () => {
    const whole = testcases(await frame([real]));
    let complete = 0;
    for (let length = 0; length < real.length; length++) {
      const outcome = await outcomeOf([real.slice(0, length)]);
      if (Array.isArray(outcome)) {
        // Too little to tell what it begins.
        expect(length).toBeLessThan(real.indexOf('<testsuites') + 2);
        continue;
      }
      const framed = outcome as Framed;
      if (framed.end.complete) complete++;
      const found = testcases(framed);
      expect(found).toEqual(whole.slice(0, found.length));
      expect(found.length).toBe(whole.filter((xml) => real.indexOf(xml) + xml.length <= length).length);
    }
    expect(complete).toBe(0);
  });
});

describe('what is no report', () => {
  it.each([
    ['an empty file', '', 'empty-report', /empty/],
    ['white space', ' \n\t\n', 'empty-report', /empty/],
    ['JSON', '{"meta": {"version": "7.6"}}', 'json-not-xml', /JSON/],
    ['a JSON list', '\n[1]', 'json-not-xml', /JSON/],
    ['a text', 'FAILED tests/test_x.py::test_a', 'not-a-report', /not XML/],
    ['a web page', '<html><body>404</body></html>', 'not-a-report', /web page/],
    ['Cobertura', '<?xml version="1.0"?><coverage line-rate="1"/>', 'not-a-report', /Cobertura/],
    ['NUnit 3', '<test-run id="2"/>', 'not-a-report', /NUnit 3/],
    ['TRX', '<?xml version="1.0"?><TestRun/>', 'not-a-report', /TRX/],
    ['xUnit.net', '<assemblies/>', 'not-a-report', /xUnit.net/],
    ['some other XML', '<project/>', 'not-a-report', /<project>/],
    ['a testcase alone', '<testcase name="a"/>', 'not-a-report', /<testcase>/],
    ['a lone `<`', '<', 'not-a-report', /not XML/],
    ['two reports in one file', `${wrap('')}\n<testsuites/>`, 'trailing-content', /more after the end/],
    ['text behind the report', `${wrap('')} done`, 'trailing-content', /more after the end/],
    ['a `<` behind the report', `${wrap('')}<`, 'trailing-content', /more after the end/],
    [
      'an unfinished comment mark behind the report',
      `${wrap('')}<!-`,
      'trailing-content',
      /more after the end/,
    ],
    [
      'a DOCTYPE',
      '<?xml version="1.0"?><!DOCTYPE testsuites [<!ENTITY a "b">]><testsuites/>',
      'doctype',
      /DOCTYPE/,
    ],
    ['a DOCTYPE in small letters', '<!doctype x><testsuites/>', 'doctype', /DOCTYPE/],
    ['a web page', '<!doctype html><html></html>', 'not-a-report', /HTML|web page/],
    ['a DOCTYPE behind comments', '<!-- a --><!-- b -->\n<!DOCTYPE x><testsuites/>', 'doctype', /DOCTYPE/],
    ['a DOCTYPE inside', '<testsuites><!DOCTYPE x></testsuites>', 'doctype', /DOCTYPE/],
    ['a DOCTYPE inside a testcase', wrap('<testcase><!DOCTYPE x></testcase>'), 'doctype', /DOCTYPE/],
    ['elements nested too deep', `<testsuites>${'<testsuite>'.repeat(70)}`, 'too-deep', /deeper than 64/],
  ])('is told by name: %s', async (_, text, code, message) => {
    for (const size of [1, 1000]) {
      await expect(frame(cut(text, size))).rejects.toMatchObject({
        code,
        message: expect.stringMatching(message),
      });
    }
  });

  it('is told with the place of what is wrong', async () => {
    await expect(frame(['<testsuites>\n</testsuites>\n\n  <testsuites/>'])).rejects.toMatchObject({
      place: { file: 'results.xml', line: 4, column: 3 },
    });
    await expect(frame(['\n<!-- x -->\n  <!DOCTYPE x>'])).rejects.toMatchObject({
      place: { line: 3, column: 3 },
    });
  });
});

describe('sizes beyond reason', () => {
  function* chunksOf(head: string, piece: string, count: number, tail: string): Generator<string> {
    yield head;
    for (let i = 0; i < count; i++) yield piece;
    yield tail;
  }
  const piece = `${'captured output, line after line\n'.repeat(4000)}`;

  it('of a text are kept from both its ends, in bounded memory', async () => {
    const count = Math.ceil((60 << 20) / piece.length);
    const head = '<testsuites><testsuite>\n<testcase name="a"><failure>first words\n';
    const tail = 'last words</failure></testcase>\n<testcase name="b"/></testsuite></testsuites>';
    const collectGarbage = garbageCollector();
    let largest = 0;
    let chunks = 0;
    collectGarbage();
    const before = process.memoryUsage().heapUsed;
    const watched = function* () {
      for (const chunk of chunksOf(head, piece, count, tail)) {
        yield chunk;
        if (++chunks % 50 !== 0) continue;
        collectGarbage();
        largest = Math.max(largest, process.memoryUsage().heapUsed - before);
      }
    };
    const { frames, end } = await frame(watched());
    const [first, second] = frames.filter((f) => f.kind === 'testcase');
    expect(first?.shortened).toBe(true);
    expect(first?.xml.length).toBeLessThan(2 << 20);
    expect(first?.xml.startsWith('<testcase name="a"><failure>first words\ncaptured output')).toBe(true);
    expect(first?.xml.endsWith('captured output, line after line\nlast words</failure></testcase>')).toBe(
      true,
    );
    expect(second).toMatchObject({
      xml: '<testcase name="b"/>',
      shortened: false,
      line: 4 + count * 4000,
      column: 1,
    });
    expect(end.complete).toBe(true);
    expect(chunks).toBeGreaterThan(400);
    expect(largest).toBeLessThan(8 << 20);
  });

  it('of an attribute value are cut as well, not inside a reference', async () => {
    const value = '&amp;&lt;é'.repeat(20_000);
    const framed = await frame(
      chunksOf('<testsuites><testcase><failure message="', value, 20, '"/></testcase></testsuites>'),
    );
    const [xml = ''] = testcases(framed);
    expect(xml.length).toBeLessThan(2 << 20);
    expect(xml).toContain('[…shortened…]');
    const [head = ''] = xml.split(' […shortened…] ');
    expect(/(?:&amp;|&lt;|é)$/.test(head)).toBe(true);
    expect(xml.split('shortened')).toHaveLength(2);
  });

  it('of a testcase of tags alone are refused', async () => {
    const tags = '<system-out/>'.repeat(20_000);
    await expect(frame(chunksOf('<testsuites><testcase>', tags, 300, ''))).rejects.toMatchObject({
      code: 'element-too-large',
    });
  });

  it('of a tag outside testcases are refused', async () => {
    await expect(frame(chunksOf('<testsuites name="', piece, 100, ''))).rejects.toMatchObject({
      code: 'element-too-large',
    });
  });

  it('of a comment outside testcases are passed over', async () => {
    expect((await frame(chunksOf('<!--', piece, 100, '--><testsuites/>'))).end.complete).toBe(true);
  });
});
