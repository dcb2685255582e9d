// Links on GitHub. Each is made of nothing but the server and repository that the runner names, a commit's whole id, a path that is in
// the tree, and numbers: no data of a report can make one, nor say where one leads. What cannot be linked stays a code span. Pure.
import { shortSha } from '../evidence.ts';
import { code, cut, inline } from './markdown.ts';

export interface LinkSource {
  /** `https://github.com`, as GITHUB_SERVER_URL names it. */
  readonly server: string | undefined;
  /** `owner/name`. */
  readonly repository: string | undefined;
  /** The commit whose files are linked. */
  readonly head: string | undefined;
  /** The tree's files, relative to the repository's root. */
  readonly files: readonly string[];
  /** pytest's rootdir, relative to the repository's root. */
  readonly rootdir?: string | undefined;
  /** Address of the page about the repository's runs, as the workflow names it; checked. */
  readonly page?: string | undefined;
  /** First lines of commits' messages, by their whole ids. */
  readonly subjects?: ReadonlyMap<string, string> | undefined;
}

/** Where the pages of a repository are. */
export interface Site {
  /** Of the commit's page; undefined where it is no whole id. */
  commit(sha: string): string | undefined;
  /** Of a workflow run, or of a job in it. */
  run(run: number, job?: number): string | undefined;
  /** Of the page about the repository's runs; undefined where nobody names one. */
  readonly page: string | undefined;
}

/** All answers are Markdown. */
export interface Links {
  readonly site: Site | undefined;
  /** Whether the tree has a file that a report names. */
  knows(path: string): boolean;
  /** `path:line` of a file as a report names it, in a code span that is a link where the tree has the file. */
  place(path: string, line?: number): string;
  /** The same for a path from the repository's root, in a table's cell. */
  fileCell(path: string): string;
  /** Lines of a file from the repository's root, as they are shown to be; in a table's cell. */
  linesCell(
    path: string,
    ranges: readonly (readonly [first: number, last: number])[],
    /** The link's text instead of each range. */
    words?: string,
  ): string;
  /** A memory's short id as a link to the page that was named, else the command that shows it. */
  memory(id: string): string;
  /** Escaped words, with those of these commits linked that stand in them by their short ids; with subjects where git knows them. */
  commits(escaped: string, shas: readonly string[]): string;
  /** The same for reports of another rootdir. */
  inProject(rootdir: string | undefined): Links;
}

const wholeId = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;

/** undefined where nothing trustworthy names a server and a repository. */
export function openSite({
  server,
  repository,
  page,
}: Pick<LinkSource, 'server' | 'repository' | 'page'>): Site | undefined {
  if (!/^https?:\/\/[A-Za-z0-9.-]+(?::\d{1,5})?$/.test(server ?? '')) return undefined;
  if (!/^[\w.-]+\/[\w.-]+$/.test(repository ?? '')) return undefined;
  const root = `${server}/${repository}`;
  const isNumber = (n: number | undefined) => n !== undefined && Number.isSafeInteger(n) && n > 0;
  return {
    page,
    commit: (sha) => (wholeId.test(sha) ? `${root}/commit/${sha}` : undefined),
    run: (run, job) =>
      isNumber(run) ? `${root}/actions/runs/${run}${isNumber(job) ? `/job/${job}` : ''}` : undefined,
  };
}

/** Without a source nothing is a link. */
export function openLinks(source?: LinkSource): Links {
  const site = source && openSite(source);
  const isHead = wholeId.test(source?.head ?? '');
  const find = openTree(source?.files ?? [], source?.rootdir);
  const subjects = source?.subjects ?? new Map<string, string>();
  const fileUrl = (path: string, lines = '') =>
    site === undefined || !isHead || climbs(path) || unreadable.test(path)
      ? undefined
      : `${source?.server}/${source?.repository}/blob/${source?.head}/${path.split('/').map(encoded).join('/')}${lines}`;
  const exact = (path: string) => find.has(path);
  const projects = new Map<string | undefined, Links>();
  return {
    site,
    knows: (path) => find.locate(path) !== undefined,
    place(path, line) {
      const text = code(cut(line === undefined ? path : `${path}:${line}`, 300));
      const file = find.locate(path);
      const anchor = line !== undefined && line > 0 && Number.isSafeInteger(line) ? `#L${line}` : '';
      return file === undefined ? text : linked(text, fileUrl(file, anchor));
    },
    fileCell(path) {
      const text = code(cut(path, 300), { cell: true });
      return exact(path) ? linked(text, fileUrl(path)) : text;
    },
    linesCell: (path, ranges, words) =>
      ranges
        .map(([first, last]) => {
          const text = code(words ?? (first === last ? String(first) : `${first}-${last}`));
          const anchor = first === last ? `#L${first}` : `#L${first}-L${last}`;
          return exact(path) ? linked(text, fileUrl(path, anchor)) : text;
        })
        .join(', '),
    memory(id) {
      const short = id.slice(0, 8);
      const isId = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id);
      return site?.page === undefined || !isId
        ? code(`lukhas healix show ${short}`)
        : linked(code(short), `${site.page}#memory-${id}`);
    },
    commits(escaped, shas) {
      const known = new Map(shas.filter((sha) => wholeId.test(sha)).map((sha) => [shortSha(sha), sha]));
      const told = new Set<string>();
      // Code spans are what escaping has made: backticks of data are entities there.
      return escaped.replace(/`([0-9a-f]{8})`/g, (text, short: string) => {
        const sha = known.get(short);
        if (sha === undefined) return text;
        const subject = told.has(sha) ? undefined : subjects.get(sha);
        told.add(sha);
        const words = subject === undefined ? '' : ` “${inline(cut(subject, 60))}”`;
        return `${linked(text, site?.commit(sha))}${words}`;
      });
    },
    inProject(rootdir) {
      if (source === undefined) return this;
      const known = projects.get(rootdir) ?? openLinks({ ...source, rootdir });
      projects.set(rootdir, known);
      return known;
    },
  };
}

/** A link, where there is an address. The text must be escaped already. */
export function linked(text: string, address: string | undefined): string {
  return address === undefined || text === '' ? text : `[${text}](${address})`;
}

function encoded(segment: string): string {
  return encodeURIComponent(segment).replace(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** Lone surrogates and replacement characters: the name's bytes were not UTF-8 and are lost. */
const unreadable = /\ufffd|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;

/** A browser would climb out of the tree by such a path. */
function climbs(path: string): boolean {
  return path.split('/').some((segment) => /^\.{0,2}$/.test(segment));
}

interface Tree {
  has(path: string): boolean;
  /** The file that a report names: from the root, from pytest's rootdir, absolute, or by its end where one file alone has it. */
  locate(path: string): string | undefined;
}

/** Looks files up among those of the tree. */
export function openTree(files: readonly string[], rootdir: string | undefined): Tree {
  const all = new Set(files);
  let byName: Map<string, string[]> | undefined;
  const named = (name: string) => {
    if (byName === undefined) {
      byName = new Map();
      for (const file of files) {
        const key = file.slice(file.lastIndexOf('/') + 1);
        byName.set(key, [...(byName.get(key) ?? []), file]);
      }
    }
    return byName.get(name) ?? [];
  };
  return {
    has: (path) => all.has(path),
    locate(path) {
      const bare = path.replaceAll('\\', '/').replace(/^(?:\.\/)+/, '');
      const inRoot = rootdir === undefined ? bare : joined(rootdir, bare);
      if (all.has(inRoot)) return inRoot;
      if (all.has(bare)) return bare;
      const same = named(bare.slice(bare.lastIndexOf('/') + 1));
      if (/^(?:\/|[A-Za-z]:\/)/.test(bare)) {
        // Where the checkout lies is not told: the longest path that ends it, of two names at least.
        const ends = same.filter((file) => file.includes('/') && bare.endsWith(`/${file}`));
        return ends.sort((a, b) => b.length - a.length)[0];
      }
      const ends = same.filter((file) => file.endsWith(`/${bare}`));
      return ends.length === 1 ? ends[0] : undefined;
    },
  };
}

/** `services/shop` and `../lib/a.py` become `services/lib/a.py`. */
function joined(folder: string, path: string): string {
  const parts: string[] = [];
  for (const part of `${folder}/${path}`.replaceAll('\\', '/').split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '.' && part !== '') parts.push(part);
  }
  return parts.join('/');
}
