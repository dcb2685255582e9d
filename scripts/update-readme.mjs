// Writes the tables of inputs and outputs in docs/action.md from action.yml. With --check it only says whether they are fresh.
import { readFile, writeFile } from 'node:fs/promises';

const root = new URL('..', import.meta.url);
const action = await readFile(new URL('action.yml', root), 'utf8');
const page = new URL('docs/action.md', root);
const before = await readFile(page, 'utf8');

/** action.yml is ours and plain: names at two blanks, their fields at four, one line each. */
function entries(section) {
  const body = new RegExp(`^${section}:\\n((?:  .*\\n|\\n)+)`, 'm').exec(action)?.[1] ?? '';
  return [...body.matchAll(/^ {2}([a-z-]+):\n((?: {4}.*\n)+)/gm)].map(([, name, fields]) => {
    const field = (key) => {
      const value = new RegExp(`^    ${key}: (.*)$`, 'm').exec(fields)?.[1];
      return value?.startsWith('"') ? JSON.parse(value) : value;
    };
    return {
      name,
      description: field('description'),
      fallback: field('default'),
      required: field('required'),
    };
  });
}

const inputs = entries('inputs').map(
  ({ name, description, fallback, required }) =>
    `| \`${name}\` | ${description} | ${required ? '**required**' : fallback ? `\`${fallback}\`` : ''} |`,
);
const outputs = entries('outputs').map(({ name, description }) => `| \`${name}\` | ${description} |`);

function fill(text, name, rows) {
  return text.replace(
    new RegExp(`(<!-- ${name} -->\\n)[\\s\\S]*?(<!-- /${name} -->)`),
    (_, start, end) => `${start}${rows.join('\n')}\n${end}`,
  );
}

let after = fill(before, 'inputs', ['| Input | Meaning | Default |', '|:--|:--|:--|', ...inputs]);
after = fill(after, 'outputs', ['| Output | Meaning |', '|:--|:--|', ...outputs]);
if (process.argv.includes('--check')) {
  if (after !== before) {
    console.error('docs/action.md is not what action.yml says: run node scripts/update-readme.mjs');
    process.exitCode = 1;
  }
} else await writeFile(page, after);
