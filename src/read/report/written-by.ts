// Whether pytest wrote a suite. Looks at the root and the suite alone: what is in their testcases depends on outcomes.

interface StartTag {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
}

/** pytest's attributes in the order it writes them: since 6.1 (ElementTree), from 5.1 (py.xml), before 5.1. */
const modern = 'name errors failures skipped tests time timestamp hostname';
const sorted = 'errors failures hostname name skipped tests time timestamp';
const oldest = 'errors failures name skipped tests time';
const known = new Set(modern.split(' '));

/**
 * Whether pytest wrote this suite, under whatever `junit_suite_name`.
 *
 * @param suite the innermost suite around testcases; undefined where there is none
 * @param depth 1 for a suite that lies in no other
 */
export function isPytestSuite(
  root: StartTag,
  suite: ReadonlyMap<string, string> | undefined,
  depth: number,
): boolean {
  if (suite?.get('name') === 'pytest' || root.attributes.get('name') === 'pytest tests') return true;
  if (suite === undefined || depth > 1) return false;
  const isBare = root.name === 'testsuite';
  if (!isBare && root.attributes.size > 0) return false;
  // A suite without attributes is nobody's; a name and nothing else, or another program's attributes, are not pytest's.
  if (suite.size === 0) return true;
  if (suite.has('package')) return false;
  // A plugin may add attributes of its own.
  const order = [...suite.keys()].filter((attribute) => known.has(attribute)).join(' ');
  return isBare ? order === oldest : order === modern || order === sorted;
}
