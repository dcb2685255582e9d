// Elements to values: the short cuts give exactly what the parser alone would, and a malformed testcase costs itself.
import fc from 'fast-check';
import { XMLParser, XMLValidator } from 'fast-xml-parser';
import { describe, expect, it } from 'vitest';
import { readFrames } from '../../../src/read/report/frames.ts';
import {
  type ParsedTestcase,
  parseProperties,
  parseStartTag,
  parseTestcases,
  type RawTestcase,
} from '../../../src/read/report/testcase.ts';
import { rounds } from '../../support/long.ts';
import { escapeAttribute, escapeText } from '../support/reports.ts';

async function* listed(text: string): AsyncGenerator<string> {
  yield text;
}

/** Elements framed as they are in a report, so that long texts are told apart. */
async function parse(...elements: string[]) {
  const frames = [];
  for await (const some of readFrames(listed(`<testsuites>${elements.join('\n')}</testsuites>`), 'x')) {
    for (const frame of some) if (frame.kind === 'testcase') frames.push(frame);
  }
  return parseTestcases(frames);
}

async function parseOne(element: string): Promise<ParsedTestcase> {
  const { testcases } = await parse(element);
  expect(testcases).toHaveLength(1);
  return testcases[0] as ParsedTestcase;
}

async function whole(element: string): Promise<RawTestcase> {
  const testcase = await parseOne(element);
  if ('malformed' in testcase) throw new Error(`malformed: ${testcase.malformed}`);
  return testcase;
}

const isMalformed = (testcase: ParsedTestcase | undefined) =>
  testcase !== undefined && 'malformed' in testcase;

describe('a testcase', () => {
  it('gives its address, time, outcomes and properties', async () => {
    const testcase = await whole(
      `<testcase classname="a.B" name="t[1]" file="a.py" line="7" time="1.5"><properties><property name="x" value="&#233;"/></properties><skipped type="pytest.xfail" message="no"/><error message="e">E</error><failure message="f &quot;&#10;">F &lt;&#x1F600;</failure><system-out>noise</system-out></testcase>`,
    );
    expect(testcase).toEqual({
      line: 1,
      column: 13,
      classname: 'a.B',
      name: 't[1]',
      file: 'a.py',
      defLine: 7,
      time: '1.5',
      outcomes: [
        { kind: 'failure', type: undefined, message: 'f "\n', text: 'F <😀' },
        { kind: 'error', type: undefined, message: 'e', text: 'E' },
        { kind: 'skipped', type: 'pytest.xfail', message: 'no', text: '' },
      ],
      properties: [['x', 'é']],
      output: { out: 'noise', err: '' },
    });
  });

  it('without content gives its attributes alone', async () => {
    expect(
      await whole('<testcase classname="a.b" name="t[&lt;&#955;&#10;&amp;amp;]" time="0.001" />'),
    ).toMatchObject({
      classname: 'a.b',
      name: 't[<λ\n&amp;]',
      time: '0.001',
      defLine: undefined,
      outcomes: [],
      properties: [],
    });
    expect(await whole('<testcase time="0.000" />')).toMatchObject({ classname: undefined, name: undefined });
  });

  it.each(['-1', '1.5', 'x', '', '99999999999'])('has no line of definition where it says %j', async (line) =>
    expect((await whole(`<testcase name="a" line="${line}"/>`)).defLine).toBeUndefined(),
  );

  it('keeps the text of CDATA as it stands, and decodes the text around it', async () => {
    const { outcomes } = await whole(
      '<testcase name="a"><failure>&lt;a&gt; <![CDATA[&lt;b> & <x>]]> &amp;<![CDATA[]]]]><![CDATA[>]]></failure></testcase>',
    );
    expect(outcomes[0]?.text).toBe('<a> &lt;b> & <x> &]]>');
  });

  it('does not take CDATA in a comment for text', async () => {
    const { outcomes } = await whole(
      '<testcase name="a"><failure>a<!-- <![CDATA[ -->b<![CDATA[c]]></failure></testcase>',
    );
    expect(outcomes[0]?.text).toBe('abc');
  });

  it('has the text of a property where it has no value, long or short', async () => {
    const long = 'words '.repeat(40);
    const { properties } = await whole(
      `<testcase name="a"><properties><property name="s">short</property><property name="l">${long}</property></properties></testcase>`,
    );
    expect(properties).toEqual([
      ['s', 'short'],
      ['l', long],
    ]);
  });

  it.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'prototype'])(
    'is not confused by attributes and elements called %s',
    async (name) => {
      const next = '<testcase name="next"/>';
      const attribute = await parse(`<testcase ${name}="x" name="a" classname="c"/>`, next);
      const child = await parse(
        `<testcase name="a"><${name}>x</${name}><failure ${name}="y">f</failure></testcase>`,
        next,
      );
      for (const { testcases } of [attribute, child]) {
        expect(testcases[1]).toMatchObject({ name: 'next' });
        expect(isMalformed(testcases[0]) || (testcases[0] as RawTestcase).name === 'a').toBe(true);
      }
      expect(({} as Record<string, unknown>).x).toBeUndefined();
    },
  );

  it('holds as many references as it likes', async () => {
    const count = 200_000;
    const { outcomes } = await whole(
      `<testcase name="a"><failure>${'&lt;&#10;'.repeat(count)}</failure></testcase>`,
    );
    expect(outcomes[0]?.text).toBe('<\n'.repeat(count));
    expect((await whole(`<testcase name="${'&amp;'.repeat(count)}"/>`)).name).toBe('&'.repeat(count));
  });

  it('keeps references that nobody knows, and none expands', async () => {
    const { outcomes } = await whole(
      '<testcase name="a"><failure message="&nbsp;">&nbsp; &amp;lt; &#0; &#xD800; &#x110000;</failure></testcase>',
    );
    expect(outcomes[0]).toMatchObject({ message: '&nbsp;', text: '&nbsp; &lt; \ufffd \ufffd \ufffd' });
  });
});

describe('characters that XML forbids', () => {
  it('are replaced and counted, and the test is kept', async () => {
    const { testcases, replacedCharacters } = await parse(
      '<testcase name="a\x1b"/>',
      '<testcase name="b"><properties><property name="c\x01\x02" value="d"/></properties></testcase>',
      `<testcase name="c"><failure>${'long text '.repeat(20)}\0 \uffff0\uffff</failure></testcase>`,
    );
    expect(replacedCharacters).toBe(6);
    expect(testcases[0]).toMatchObject({ name: 'a\ufffd' });
    expect(testcases[1]).toMatchObject({ properties: [['c\ufffd\ufffd', 'd']] });
    expect((testcases[2] as RawTestcase).outcomes[0]?.text).toMatch(/ \ufffd \ufffd0\ufffd$/);
  });

  it('are counted once where another testcase is malformed', async () => {
    const { replacedCharacters } = await parse(
      '<testcase name="a\x1b"/>',
      '<testcase name="b"><failure></testcase>',
    );
    expect(replacedCharacters).toBe(1);
  });
});

it('a testcase keeps its own texts where the next one has long ones', async () => {
  const classname = 'tests.'.repeat(60);
  const long = 'long text '.repeat(20);
  const { testcases } = await parse(
    `<testcase classname="${classname}" x="y" name="one"/>`,
    `<testcase name="two"><failure message="m">${long}</failure></testcase>`,
  );
  expect(testcases).toMatchObject([
    { name: 'one', classname, outcomes: [] },
    { name: 'two', outcomes: [{ message: 'm', text: long }] },
  ]);
});

describe('a malformed testcase', () => {
  it.each([
    ['an attribute twice', '<testcase name="a" name="b"/>'],
    [
      'an ampersand alone in the text',
      '<testcase classname="a" name="b" time="1"><failure message="m">a & b</failure></testcase>',
    ],
    ['an attribute twice that nobody reads', '<testcase name="a" x="1" x="2"/>'],
    ['an attribute without a value', '<testcase name="a" x/>'],
    ['an attribute without quotes', '<testcase name=a/>'],
    ['attributes without a space between', '<testcase name="a"classname="b"/>'],
    ['a child that is never closed', '<testcase name="a"><failure></testcase>'],
    ['children closed in the wrong order', '<testcase name="a"><b><c></b></c></testcase>'],
    ['a `<` in its text', '<testcase name="a"><failure>1 < 2</failure></testcase>'],
    ['an `&` in its text', '<testcase name="a"><failure>a & b</failure></testcase>'],
    [
      'an `&` in a long text',
      `<testcase name="a"><failure>${'long text '.repeat(20)} & b</failure></testcase>`,
    ],
    ['an end that ends itself', '<testcase name="a"><p></p/></testcase>'],
    [
      'a failure behind an end that ends itself',
      '<testcase name="a"><properties></p v="1" /></properties><failure>t</failure></testcase>',
    ],
    ['a section that is none', '<testcase name="a"><![CDAT[<failure>]]>t</failure></testcase>'],
    ['an end that closes more than itself', '<testcase name="a"></batch><batch></testcase>'],
  ])('costs itself alone: %s', async (_, element) => {
    const before = '<testcase name="before"/>';
    const after = '<testcase name="after"><failure message="m">t</failure></testcase>';
    const { testcases } = await parse(before, element, after);
    expect(testcases).toMatchObject([
      { name: 'before' },
      { line: 2, column: 1 },
      { name: 'after', outcomes: [{ text: 't' }] },
    ]);
    expect(isMalformed(testcases[1])).toBe(true);
    expect((testcases[1] as { excerpt: string }).excerpt).toBe(element.slice(0, 120));
  });
});

// What the parser gives when nothing of ours stands between: the whole element, checked, and its values decoded.
const reference = new XMLParser({
  ignoreAttributes: false,
  attributeNamePrefix: '@',
  parseTagValue: false,
  parseAttributeValue: false,
  trimValues: false,
  processEntities: false,
  ignorePiTags: true,
  isArray: (name) => ['testcase', 'failure', 'error', 'skipped', 'properties', 'property'].includes(name),
});

function decode(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined;
  return value.replace(/&(?:#(\d{1,7})|#x([\da-f]{1,6})|lt|gt|amp|quot|apos);/gi, (whole, decimal, hex) => {
    const names: Record<string, string> = {
      '&lt;': '<',
      '&gt;': '>',
      '&amp;': '&',
      '&quot;': '"',
      '&apos;': "'",
    };
    if (decimal === undefined && hex === undefined) return names[whole] ?? whole;
    const code = decimal !== undefined ? Number(decimal) : Number.parseInt(hex, 16);
    const isCharacter = code > 0 && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff);
    return isCharacter ? String.fromCodePoint(code) : '\ufffd';
  });
}

function referenceOf(element: string): unknown {
  const xml = element.replace(/[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/g, '\ufffd');
  if (XMLValidator.validate(xml) !== true) return 'malformed';
  // biome-ignore lint/suspicious/noExplicitAny: the parser's own shape
  const [node] = (reference.parse(`<x>${xml}</x>`) as any).x.testcase;
  const of = (kind: string) =>
    // biome-ignore lint/suspicious/noExplicitAny: the parser's own shape
    (node[kind] ?? []).map((child: any) => ({
      kind,
      type: decode(child['@type']),
      message: decode(child['@message']),
      text: decode(typeof child === 'string' ? child : child['#text']) ?? '',
    }));
  return {
    classname: decode(node['@classname']),
    name: decode(node['@name']),
    file: decode(node['@file']),
    time: decode(node['@time']),
    outcomes: [...of('failure'), ...of('error'), ...of('skipped')],
    // biome-ignore lint/suspicious/noExplicitAny: the parser's own shape
    properties: (node.properties ?? []).flatMap((group: any) =>
      (group.property ?? [])
        // One without attributes has no name: the parser gives its text alone.
        .filter((p: unknown) => typeof p === 'object')
        // biome-ignore lint/suspicious/noExplicitAny: the parser's own shape
        .map((p: any) => [decode(p['@name']) ?? '', decode(p['@value']) ?? decode(p['#text']) ?? '']),
    ),
  };
}

describe('the short cuts', () => {
  const characters = fc.constantFrom(
    'a',
    'B',
    ' ',
    '.',
    '[',
    ']',
    '<',
    '>',
    '&',
    '"',
    "'",
    '\n',
    '\t',
    '\r',
    '\r\n',
    'é',
    '😀',
    '\x1b',
    '\x7f',
    '\u0085',
    '\ufeff',
    '\uffff',
    '=',
    '/',
    '0',
  );
  const words = fc.array(characters, { maxLength: 12 }).map((parts) => parts.join(''));
  const text = fc.oneof(
    words,
    fc.tuple(words, fc.nat(40)).map(([w, n]) => w + 'some long text '.repeat(n) + w),
  );
  /** Mostly as pytest writes it, now and then raw. */
  const value = fc.oneof(
    { weight: 8, arbitrary: text.map(escapeAttribute) },
    { weight: 1, arbitrary: text.map((t) => t.replaceAll('<', '').replaceAll('"', '')) },
  );
  const content = fc.oneof(
    { weight: 8, arbitrary: text.map(escapeText) },
    { weight: 1, arbitrary: text.map((t) => t.replaceAll('<', '')) },
    {
      weight: 1,
      arbitrary: fc.constantFrom(
        '&amp;lt;',
        '&#65;',
        '&#x41;',
        '&nope;',
        '&#xD800;',
        '&#0;',
        'a<!-- c -->b',
        '<?pi x?>',
      ),
    },
  );
  const attribute = fc
    .tuple(
      fc.constantFrom(' ', ' ', ' ', '\n', '  ', ''),
      fc.constantFrom(
        'classname',
        'name',
        'file',
        'line',
        'time',
        'type',
        'message',
        'value',
        'x',
        'x-y',
        'xml:lang',
        '1x',
      ),
      fc.constantFrom('="', '="', '="', "='", ' = "'),
      value,
    )
    .map(([space, name, equals, v]) =>
      equals === "='" ? `${space}${name}='${v.replaceAll("'", '')}'` : `${space}${name}${equals}${v}"`,
    );
  const attributes = fc.uniqueArray(attribute, { maxLength: 5, selector: (a) => a.trim().split(/[\s=]/)[0] });
  const withDuplicates = fc.array(attribute, { maxLength: 4 });
  const anyAttributes = fc
    .oneof({ weight: 5, arbitrary: attributes }, { weight: 1, arbitrary: withDuplicates })
    .map((a) => a.join(''));
  const child = fc
    .tuple(
      fc.constantFrom('failure', 'error', 'skipped', 'system-out', 'other'),
      anyAttributes,
      fc.option(content),
    )
    .map(([name, a, inside]) => (inside === null ? `<${name}${a}/>` : `<${name}${a}>${inside}</${name}>`));
  const properties = fc
    .array(fc.tuple(anyAttributes, fc.option(content)), { maxLength: 3 })
    .map(
      (list) =>
        `<properties>${list.map(([a, inside]) => (inside === null ? `<property${a}/>` : `<property${a}>${inside}</property>`)).join('')}</properties>`,
    );
  const element = fc
    .tuple(
      anyAttributes,
      fc.option(fc.array(fc.oneof(child, child, properties, content), { maxLength: 4 })),
      fc.constantFrom('', ' ', '\n'),
    )
    .map(([a, children, space]) =>
      children === null ? `<testcase ${a}${space}/>` : `<testcase ${a}>${children.join('')}</testcase>`,
    );

  /** As pytest writes it by default. */
  const plain = fc.oneof({ weight: 8, arbitrary: fc.constantFrom('', 'a.b', "t[1] > 'x'", '0.5') }, value);
  const usual = fc
    .record({
      address: fc.tuple(plain, plain, plain),
      kind: fc.constantFrom('failure', 'error', 'skipped'),
      type: fc.option(plain),
      message: value,
      inside: content,
      more: fc.constantFrom('', '', '', ' ', 'x', '<failure/>'),
    })
    .map(({ address: [classname, name, time], kind, type, message, inside, more }) => {
      const start = `<testcase classname="${classname}" name="${name}" time="${time}">`;
      const tag = `<${kind}${type === null ? '' : ` type="${type}"`} message="${message}">`;
      return `${start}${tag}${inside}</${kind}>${more}</testcase>`;
    });

  const shapeOf = (testcase: ParsedTestcase | undefined): unknown => {
    if (testcase === undefined || 'malformed' in testcase) return 'malformed';
    const { classname, name, file, time, outcomes, properties: found } = testcase;
    return { classname, name, file, time, outcomes, properties: found };
  };

  it('give exactly what the parser alone gives, one by one and in a batch', async () => {
    const numRuns = rounds(300, 1500);
    let malformed = 0;
    let long = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.oneof({ weight: 2, arbitrary: element }, usual), { minLength: 1, maxLength: 4 }),
        async (elements) => {
          const expected = elements.map(referenceOf);
          malformed += expected.filter((e) => e === 'malformed').length;
          long += elements.filter((e) => e.includes('long text')).length;
          for (const [i, one] of elements.entries())
            expect(shapeOf(await parseOne(one))).toEqual(expected[i]);
          expect((await parse(...elements)).testcases.map(shapeOf)).toEqual(expected);
        },
      ),
      { numRuns },
    );
    // Neither kind may be missing from what was tried.
    expect(malformed).toBeGreaterThan(numRuns / 15);
    expect(long).toBeGreaterThan(numRuns / 3);
  });
});

describe('properties of a suite', () => {
  it('are names and values, and none where they are malformed', () => {
    expect(
      parseProperties(
        '<properties><property name="a&lt;" value="1"/><property name="b">two</property><property name="c"><![CDATA[&lt;]]></property></properties>',
      ),
    ).toEqual([
      ['a<', '1'],
      ['b', 'two'],
      ['c', '&lt;'],
    ]);
    expect(parseProperties('<properties><property name="a" value="1"></properties>')).toEqual([]);
    expect(parseProperties('<properties/>')).toEqual([]);
  });
});

describe('a start tag', () => {
  it('gives its attributes, and leaves out what is malformed', () => {
    const tag = '<testsuite name="a &gt; b" time = \'1.5\' hostname="h>" broken= x timestamp="2026-01-02">';
    expect([...parseStartTag(tag)]).toEqual([
      ['name', 'a > b'],
      ['time', '1.5'],
      ['hostname', 'h>'],
      ['timestamp', '2026-01-02'],
    ]);
  });
});
