// Coverage by folder and file, with the lines of each file as a strip.
import { count, number, percent } from '../../words.ts';
import type { PageCoverageData } from '../data.ts';
import { atTime, el, line, link, put } from './dom.ts';
import { type Model, shortSha } from './model.ts';
import { part } from './sections.ts';
import { colour } from './trend.ts';

type File = PageCoverageData['files'][number];

interface Folder {
  readonly name: string;
  readonly folders: Map<string, Folder>;
  readonly files: File[];
  statements: number;
  covered: number;
  branches: number;
  coveredBranches: number;
}

const newFolder = (name: string): Folder => ({
  name,
  folders: new Map(),
  files: [],
  statements: 0,
  covered: 0,
  branches: 0,
  coveredBranches: 0,
});

export function coverageSection(model: Model): HTMLElement | undefined {
  const { coverage, runs } = model.data;
  if (coverage === undefined) return undefined;
  const run = runs[coverage.run];
  const body = el('div', 'coverage');
  const section = part(
    'coverage',
    'Coverage',
    el(
      'p',
      'dim',
      {},
      `Of ${line(run?.branch ?? 'the run')} `,
      link(model.commitLink(run?.sha), shortSha(run?.sha), 'mono'),
      run === undefined ? '' : `, ${line(model.jobOf(run))}, ${atTime(run.at)}. `,
      'A strip shows a file from its first line to its last: green is covered, red is missing.',
    ),
    body,
  );
  const draw = () => {
    body.replaceChildren();
    const files = coverage.files.filter(({ path }) => model.matches(path));
    if (files.length === 0) {
      put(body, el('p', 'dim', {}, 'No file like that.'));
      return;
    }
    const root = treeOf(files);
    const isOpen = files.length <= 30 || model.filter.text !== '';
    put(body, ...folderItems(model, root, run?.sha, isOpen));
  };
  draw();
  model.onChange(draw);
  return section;
}

function treeOf(files: readonly File[]): Folder {
  const root = newFolder('');
  for (const file of files) {
    let folder = root;
    add(folder, file);
    for (const name of file.path.split('/').slice(0, -1)) {
      const child = folder.folders.get(name) ?? newFolder(name);
      folder.folders.set(name, child);
      folder = child;
      add(folder, file);
    }
    folder.files.push(file);
  }
  return root;
}

function add(folder: Folder, file: File): void {
  folder.statements += file.statements;
  folder.covered += file.covered;
  folder.branches += file.branches;
  folder.coveredBranches += file.coveredBranches;
}

/** Statements and branches together, as coverage.py counts. */
function percentOf({ statements, covered, branches, coveredBranches }: Folder): number {
  const all = statements + branches;
  return all === 0 ? 100 : (100 * (covered + coveredBranches)) / all;
}

function folderItems(model: Model, folder: Folder, sha: string | undefined, isOpen: boolean): HTMLElement[] {
  const folders = [...folder.folders.values()].sort(
    (a, b) => b.statements - b.covered - (a.statements - a.covered),
  );
  return [
    ...folders.map((child) => folderItem(model, child, sha, isOpen)),
    ...folder.files.map((file) => fileItem(model, file, sha)),
  ];
}

function folderItem(model: Model, given: Folder, sha: string | undefined, isOpen: boolean): HTMLElement {
  // Folders that hold one folder and nothing else are one line.
  let folder = given;
  let name = folder.name;
  while (folder.files.length === 0 && folder.folders.size === 1) {
    const [only] = folder.folders.values();
    if (only === undefined) break;
    folder = only;
    name = `${name}/${only.name}`;
  }
  const inner = el('div', 'inner');
  const details = el(
    'details',
    'folder',
    { open: isOpen },
    el(
      'summary',
      '',
      {},
      el('span', 'mono name', {}, `${line(name)}/`),
      bar(percentOf(folder)),
      el('span', 'number', {}, percent(percentOf(folder))),
      el('span', 'number dim', {}, `${number(folder.statements - folder.covered)} missing`),
    ),
    inner,
  );
  let isFilled = false;
  const fill = () => {
    if (isFilled) return;
    isFilled = true;
    put(inner, ...folderItems(model, folder, sha, isOpen));
  };
  if (isOpen) fill();
  details.addEventListener('toggle', () => {
    if (details.open) fill();
  });
  return details;
}

function fileItem(model: Model, file: File, sha: string | undefined): HTMLElement {
  return el(
    'div',
    'file',
    {},
    link(model.fileLink(file.path, sha), line(file.path.split('/').at(-1) ?? ''), 'mono name'),
    strip(file),
    el('span', 'number', {}, percent(file.percent)),
    el('span', 'number dim', {}, `${number(file.statements - file.covered)} missing`),
  );
}

function bar(value: number): HTMLElement {
  const inside = el('span');
  inside.style.width = `${value.toFixed(1)}%`;
  return el('span', 'meter', {}, inside);
}

function rangesOf(text: string | undefined): [number, number][] {
  if (text === undefined || text === '') return [];
  return text.split(',').map((range) => {
    const [first = 0, last = first] = range.split('-').map(Number);
    return [first, last];
  });
}

const width = 220;

function strip(file: File): HTMLElement {
  const covered = rangesOf(file.lines);
  const missing = rangesOf(file.missing);
  const longest = Math.max(1, covered.at(-1)?.[1] ?? 0, missing.at(-1)?.[1] ?? 0);
  const canvas = el('canvas', 'strip', {
    role: 'img',
    'aria-label':
      missing.length === 0
        ? 'no line is missing'
        : `missing: ${count(missing.length, 'part')}, lines ${(file.missing ?? '').split(',').slice(0, 20).join(', ')}${missing.length > 20 ? ', …' : ''}`,
  });
  canvas.title =
    file.missing === undefined || file.missing === '' ? '' : `missing: ${file.missing.slice(0, 200)}`;
  const ratio = devicePixelRatio || 1;
  canvas.width = width * ratio;
  canvas.height = 12 * ratio;
  const draw = () => {
    const context = canvas.getContext('2d');
    if (context === null) return;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, 12);
    context.fillStyle = colour('--panel');
    context.fillRect(0, 0, width, 12);
    const each = width / longest;
    const fill = (ranges: readonly (readonly [number, number])[], name: string) => {
      context.fillStyle = colour(name);
      // What is thinner than a pixel is drawn as one: a missing line is never lost.
      for (const [first, last] of ranges)
        context.fillRect((first - 1) * each, 0, Math.max(1, (last - first + 1) * each), 12);
    };
    fill(covered, '--pass');
    fill(missing, '--red');
  };
  draw();
  addEventListener('theme', draw);
  return canvas;
}
