// Adds to what make-renames.py found how alike the sources of the functions are, as the judge is given it, and packs it.
//   npx tsx scripts/make-renames.ts renames.json CLONE... > fixtures/healix/renames.json.gz
import { readFileSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { openHistory } from '../src/context/commits.ts';
import { comparePairs } from '../src/judge/likeness.ts';
import { functionsIn } from '../src/read/functions.ts';
import { namesOf, type RenameCommit } from './quality-renames.ts';

const [input = '', ...clones] = process.argv.slice(2);
const bytes = readFileSync(input);
const commits = JSON.parse((input.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString()) as RenameCommit[];
const folders = new Map(
  clones.map((clone) => {
    const path = resolve(clone);
    const name = basename(path) === 'repo' ? basename(dirname(path)) : basename(path);
    return [name.replace('+', '/'), path];
  }),
);

const packed: RenameCommit[] = [];
for (const commit of commits) {
  const [name = '', sha = ''] = commit.commit.split('@');
  const folder = folders.get(name);
  if (folder === undefined) throw new Error(`no clone of ${name}`);
  const git = openHistory(folder, process.env);
  const whole = (await git.complete(sha)) ?? sha;
  const [{ parents = [] } = {}] = await git.commits([whole]);
  const [before, after] = [namesOf(commit.before), namesOf(commit.after)];
  const gone = before.filter((test) => !after.includes(test));
  const came = after.filter((test) => !before.includes(test));
  const read = async (rev: string, ids: readonly string[]) => {
    const files = [...new Set(ids.map((id) => id.slice(0, id.indexOf('::'))))];
    const texts = await git.sources(rev, files);
    return files.flatMap((file) =>
      functionsIn(texts.get(file) ?? '').flatMap(({ path, tokens }) =>
        ids.includes(`${file}::${path}`) ? [{ id: `${file}::${path}`, tokens }] : [],
      ),
    );
  };
  const [old, now] = [await read(parents[0] ?? '', gone), await read(whole, came)];
  const known = new Set([...old, ...now].map(({ id }) => id));
  packed.push({
    ...commit,
    likeness: (comparePairs(old, now) ?? []).map(({ from, to, likeness }) => [
      gone.indexOf(from),
      came.indexOf(to),
      Math.round(likeness * 1000) / 1000,
    ]),
    sourceless: [...gone, ...came].filter((id) => !known.has(id)),
  });
}
process.stdout.write(gzipSync(JSON.stringify(packed), { level: 9 }));
