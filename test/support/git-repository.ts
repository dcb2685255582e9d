// Repositories made without starting git: objects, refs, index and work tree, as git itself would write them. A story makes hundreds
// of commits and checkouts, and each process of git costs more than all of its files. test/git-repository.test.ts has git look at them.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { deflateSync } from 'node:zlib';

/** Text by path, relative to the root with `/`. */
export type Files = ReadonlyMap<string, string>;

export interface CommitObject {
  readonly files: Files;
  readonly parents: readonly string[];
  /** Milliseconds since 1970, whole seconds. */
  readonly at: number;
  readonly message: string;
}

/** Makes `root` an empty repository. `origin`: the URL of that remote. */
export function initRepository(root: string, { origin }: { readonly origin?: string } = {}): void {
  mkdirSync(join(root, '.git/objects'), { recursive: true });
  mkdirSync(join(root, '.git/refs'));
  writeFileSync(join(root, '.git/HEAD'), 'ref: refs/heads/main\n');
  const remote = `[remote "origin"]\n\turl = ${origin}\n\tfetch = +refs/heads/*:refs/remotes/origin/*\n`;
  writeFileSync(
    join(root, '.git/config'),
    `[core]\n\trepositoryformatversion = 0\n\tbare = false\n${origin === undefined ? '' : remote}`,
  );
}

/** Writes a commit with its trees and blobs; returns its id. */
export function writeCommit(root: string, { files, parents, at, message }: CommitObject): string {
  const who = `A <a@example.com> ${at / 1000} +0000`;
  const head = [`tree ${writeTree(root, files)}`, ...parents.map((parent) => `parent ${parent}`)];
  return writeObject(
    root,
    'commit',
    Buffer.from(`${head.join('\n')}\nauthor ${who}\ncommitter ${who}\n\n${message}\n`),
  );
}

function writeTree(root: string, files: Files): string {
  const entries = new Map<string, Buffer>();
  const folders = new Map<string, Map<string, string>>();
  for (const [path, text] of files) {
    const slash = path.indexOf('/');
    if (slash < 0) entries.set(path, entry('100644', path, writeObject(root, 'blob', Buffer.from(text))));
    else {
      const folder = path.slice(0, slash);
      folders.set(folder, (folders.get(folder) ?? new Map()).set(path.slice(slash + 1), text));
    }
  }
  // git sorts folders as if their names ended in a slash.
  for (const [folder, inside] of folders)
    entries.set(`${folder}/`, entry('40000', folder, writeTree(root, inside)));
  return writeObject(root, 'tree', Buffer.concat([...entries].sort(byPath).map(([, bytes]) => bytes)));
}

function entry(mode: string, name: string, sha: string): Buffer {
  return Buffer.concat([Buffer.from(`${mode} ${name}\0`), Buffer.from(sha, 'hex')]);
}

function writeObject(root: string, kind: string, body: Buffer): string {
  const bytes = objectBytes(kind, body);
  const sha = sha1(bytes).toString('hex');
  const path = join(root, '.git/objects', sha.slice(0, 2), sha.slice(2));
  if (!existsSync(path)) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, deflateSync(bytes, { level: 1 }));
  }
  return sha;
}

function objectBytes(kind: string, body: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`${kind} ${body.length}\0`), body]);
}

/** The repository has all objects of another one. */
export function borrowObjects(root: string, from: string): void {
  mkdirSync(join(root, '.git/objects/info'), { recursive: true });
  writeFileSync(join(root, '.git/objects/info/alternates'), `${join(from, '.git/objects')}\n`);
}

/** Replaces all refs, by their whole names. */
export function writeRefs(root: string, refs: ReadonlyMap<string, string>): void {
  const lines = [...refs].sort(byPath).map(([ref, sha]) => `${sha} ${ref}\n`);
  writeFileSync(join(root, '.git/packed-refs'), `# pack-refs with: sorted \n${lines.join('')}`);
}

/** Says that the repository has these commits and none of their parents. */
export function cutHistory(root: string, commits: readonly string[]): void {
  writeFileSync(join(root, '.git/shallow'), commits.map((sha) => `${sha}\n`).join(''));
}

/**
 * Checks files out: HEAD, index and work tree.
 *
 * @param head a commit's id, or `ref: refs/heads/…`
 * @param before what the work tree holds now
 */
export function checkOut(root: string, head: string, files: Files, before: Files = new Map()): void {
  for (const path of before.keys()) if (!files.has(path)) rmSync(join(root, path), { force: true });
  for (const [path, text] of files) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  writeFileSync(join(root, '.git/HEAD'), `${head}\n`);
  writeFileSync(join(root, '.git/index'), indexOf(files));
}

/** Version 2 (gitformat-index). Without times and sizes: git compares the files themselves. */
function indexOf(files: Files): Buffer {
  const entries = [...files].sort(byPath).map(([path, text]) => {
    const name = Buffer.from(path);
    const bytes = Buffer.alloc(Math.ceil((62 + name.length + 1) / 8) * 8);
    bytes.writeUInt32BE(0o100644, 24);
    sha1(objectBytes('blob', Buffer.from(text))).copy(bytes, 40);
    bytes.writeUInt16BE(name.length, 60);
    name.copy(bytes, 62);
    return bytes;
  });
  const head = Buffer.from('DIRC\0\0\0\x02\0\0\0\0');
  head.writeUInt32BE(entries.length, 8);
  const content = Buffer.concat([head, ...entries]);
  return Buffer.concat([content, sha1(content)]);
}

function sha1(bytes: Buffer): Buffer {
  return createHash('sha1').update(bytes).digest();
}

function byPath([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
