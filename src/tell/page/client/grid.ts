// The grid of tests and runs on one canvas: only what is in sight is drawn. Mouse and arrow keys tell a cell below it.
import { count } from '../../words.ts';
import type { CellKind } from '../kinds.ts';
import { atTime, el, line, link, onDay, put } from './dom.ts';
import { type Model, shortSha } from './model.ts';
import { colour } from './trend.ts';

const row = 18;
const column = 10;
const top = 22;
/** Rows on screen at most. */
const tallest = 26;

const words: Readonly<Record<CellKind, string>> = {
  absent: 'not run',
  passed: 'passed',
  failed: 'failed',
  error: 'error',
  skipped: 'skipped',
  xfailed: 'failed as expected',
  xpassed: 'passed unexpectedly',
  again: 'passed after a failed attempt',
};

type Orders = 'failing' | 'name' | 'slow';

export function gridSection(model: Model): { readonly section: HTMLElement; readonly start: () => void } {
  const { data } = model;
  const canvas = el('canvas');
  const room = el('div', 'room');
  const sheet = el('div', 'sheet', {}, canvas);
  const view = el(
    'div',
    'grid',
    {
      tabindex: 0,
      role: 'application',
      'aria-label': 'Tests by runs. Arrow keys move from cell to cell, and the line below tells the cell.',
      'aria-describedby': 'cell',
    },
    sheet,
    room,
  );
  const told = el('p', 'cell', { id: 'cell', 'aria-live': 'polite' });
  const counted = el('span', 'dim');
  const order = el(
    'select',
    '',
    { 'aria-label': 'Order of the tests' },
    el('option', '', { value: 'failing' }, 'failing and flaky first'),
    el('option', '', { value: 'slow' }, 'slowest first'),
    el('option', '', { value: 'name' }, 'by name'),
  );
  const section = el(
    'section',
    '',
    { id: 'grid', 'aria-labelledby': 'grid-title' },
    el('h2', '', { id: 'grid-title' }, 'Tests by runs'),
    el('div', 'bar', {}, order, counted),
    legend(),
    view,
    told,
  );

  let runs: readonly number[] = [];
  let tests: readonly number[] = [];
  let at = { test: 0, run: 0 };
  let hasCursor = false;
  let names = 0;
  let scheduled = false;
  const schedule = () => {
    if (scheduled) return;
    scheduled = true;
    requestAnimationFrame(() => {
      scheduled = false;
      draw();
    });
  };

  const choose = () => {
    if (!model.hasCells) return;
    runs = model.shownRuns();
    const { text } = model.filter;
    const { lower } = text === '' ? { lower: [] } : model;
    const found: number[] = [];
    const isAll = runs.length === data.runs.length;
    for (let test = 0; test < model.names.length; test++)
      if ((text === '' || lower[test]?.includes(text) === true) && (isAll || model.isIn(test, runs)))
        found.push(test);
    const kind = order.value as Orders;
    const { mean, timed } = data.tests;
    const spent = (test: number) => (mean[test] ?? 0) * (timed[test] ?? 0);
    if (kind === 'slow') found.sort((a, b) => spent(b) - spent(a));
    if (kind === 'name') found.sort((a, b) => ((model.names[a] ?? '') < (model.names[b] ?? '') ? -1 : 1));
    tests = found;
    counted.textContent = `${count(tests.length, 'test')}, ${count(runs.length, 'run')}`;
    size();
    view.scrollLeft = view.scrollWidth;
    view.scrollTop = 0;
    at = { test: 0, run: runs.length - 1 };
    hasCursor = false;
    told.textContent = 'Point at a cell, or move with the arrow keys.';
    draw();
  };

  const size = () => {
    names = Math.min(440, Math.max(120, Math.round(view.clientWidth * 0.38)));
    const width = names + runs.length * column + 8;
    const height = top + tests.length * row + 4;
    view.style.height = `${Math.min(height, top + tallest * row) + 16}px`;
    room.style.width = `${width}px`;
    room.style.height = `${height}px`;
    const ratio = devicePixelRatio || 1;
    canvas.width = Math.round(view.clientWidth * ratio);
    canvas.height = Math.round(view.clientHeight * ratio);
    canvas.style.width = `${view.clientWidth}px`;
    canvas.style.height = `${view.clientHeight}px`;
  };

  const draw = () => {
    const context = canvas.getContext('2d');
    if (context === null) return;
    const ratio = devicePixelRatio || 1;
    const [width, height] = [view.clientWidth, view.clientHeight];
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    const colours = Object.fromEntries(
      [
        '--text',
        '--dim',
        '--line',
        '--panel',
        '--red',
        '--amber',
        '--pass',
        '--violet',
        '--error',
        '--accent',
        '--bg',
        '--skip',
      ].map((name) => [name, colour(name)]),
    );
    const firstRow = Math.floor(view.scrollTop / row);
    const lastRow = Math.min(tests.length, firstRow + Math.ceil((height - top) / row) + 1);
    const firstRun = Math.max(0, Math.floor(view.scrollLeft / column));
    const lastRun = Math.min(runs.length, firstRun + Math.ceil((width - names) / column) + 1);
    const x = (run: number) => names + run * column - view.scrollLeft;
    const y = (test: number) => top + test * row - view.scrollTop;

    context.save();
    context.beginPath();
    context.rect(names, top, width - names, height - top);
    context.clip();
    for (let test = firstRow; test < lastRow; test++)
      for (let run = firstRun; run < lastRun; run++)
        cell(context, colours, model.kind(tests[test] ?? 0, runs[run] ?? 0), x(run), y(test));
    if (hasCursor) {
      context.strokeStyle = colours['--accent'] ?? '';
      context.lineWidth = 2;
      context.strokeRect(x(at.run) + 0, y(at.test) + 1, column, row - 2);
    }
    context.restore();

    // Days above, where a run is the first of its day and there is room.
    context.font = '11px system-ui, sans-serif';
    context.textBaseline = 'middle';
    context.fillStyle = colours['--dim'] ?? '';
    let free = names;
    for (let run = firstRun; run < lastRun; run++) {
      const day = onDay(data.runs[runs[run] ?? 0]?.at ?? 0);
      const before = run === 0 ? '' : onDay(data.runs[runs[run - 1] ?? 0]?.at ?? 0);
      if (day === before || x(run) < free || x(run) + 40 > width) continue;
      context.fillText(day, x(run), top / 2);
      free = x(run) + 52;
    }

    context.font = '12px ui-monospace, SFMono-Regular, Menlo, Consolas, monospace';
    context.fillStyle = colours['--bg'] ?? '';
    context.fillRect(0, 0, names, height);
    for (let test = firstRow; test < lastRow; test++) {
      if (y(test) < top - row / 2) continue;
      const place = tests[test] ?? 0;
      const mark = data.tests.marks[place] ?? 0;
      if (mark > 0) {
        context.fillStyle = (mark === 2 ? colours['--red'] : colours['--amber']) ?? '';
        context.fillRect(0, y(test) + 3, 3, row - 6);
      }
      context.fillStyle = (hasCursor && at.test === test ? colours['--accent'] : colours['--text']) ?? '';
      context.fillText(
        shortened(context, line(model.names[place] ?? ''), names - 18),
        9,
        y(test) + row / 2 + 1,
      );
    }
  };

  const tell = () => {
    const run = data.runs[runs[at.run] ?? -1];
    const test = tests[at.test];
    if (run === undefined || test === undefined) return;
    const kind = model.kind(test, runs[at.run] ?? 0);
    told.replaceChildren();
    put(
      told,
      el('strong', `outcome ${kind}`, {}, words[kind]),
      ' ',
      el('span', 'mono', {}, line(model.names[test] ?? '')),
      ' ',
      link(model.runLink(run), `${atTime(run.at)}`),
      run.branch === undefined ? undefined : ` · ${line(run.branch)}`,
      run.sha === undefined ? undefined : ' @ ',
      run.sha === undefined ? undefined : link(model.commitLink(run.sha), shortSha(run.sha), 'mono'),
      run.pull === undefined ? undefined : ' · ',
      run.pull === undefined ? undefined : link(model.pullLink(run), `#${run.pull}`),
      ` · ${line(model.jobOf(run))}`,
      run.not === undefined ? undefined : ` · no evidence: ${line(run.not)}`,
      run.message === undefined ? undefined : el('span', 'dim', {}, ` · ${line(run.message)}`),
    );
  };

  const move = (test: number, run: number, scroll: boolean) => {
    at = {
      test: Math.max(0, Math.min(tests.length - 1, test)),
      run: Math.max(0, Math.min(runs.length - 1, run)),
    };
    hasCursor = true;
    if (scroll) {
      const [left, upper] = [at.run * column, at.test * row];
      const [width, height] = [view.clientWidth - names - column, view.clientHeight - top - row];
      view.scrollLeft = Math.min(left, Math.max(view.scrollLeft, left - width));
      view.scrollTop = Math.min(upper, Math.max(view.scrollTop, upper - height));
    }
    tell();
    schedule();
  };

  const keys: Readonly<Record<string, () => [number, number]>> = {
    ArrowUp: () => [at.test - 1, at.run],
    ArrowDown: () => [at.test + 1, at.run],
    ArrowLeft: () => [at.test, at.run - 1],
    ArrowRight: () => [at.test, at.run + 1],
    PageUp: () => [at.test - tallest + 2, at.run],
    PageDown: () => [at.test + tallest - 2, at.run],
    Home: () => [at.test, 0],
    End: () => [at.test, runs.length - 1],
  };
  view.addEventListener('keydown', (event) => {
    const key = keys[event.key];
    if (key === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    const [test, run] = hasCursor ? key() : [at.test, at.run];
    move(test, run, true);
  });
  view.addEventListener('mousemove', (event) => {
    const box = view.getBoundingClientRect();
    const [left, upper] = [event.clientX - box.left, event.clientY - box.top];
    if (left < names || upper < top) return;
    const test = Math.floor((upper - top + view.scrollTop) / row);
    const run = Math.floor((left - names + view.scrollLeft) / column);
    if (test < tests.length && run < runs.length && (test !== at.test || run !== at.run || !hasCursor))
      move(test, run, false);
  });
  view.addEventListener('scroll', schedule, { passive: true });
  addEventListener('resize', () => {
    size();
    draw();
  });
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', schedule);
  addEventListener('theme', schedule);
  order.addEventListener('change', choose);
  model.onChange(choose);
  return { section, start: choose };
}

type Colours = Readonly<Record<string, string>>;

/** Kinds are told apart by shape as well as by colour. */
function cell(context: CanvasRenderingContext2D, colours: Colours, kind: CellKind, x: number, y: number) {
  const fill = (name: string) => {
    context.fillStyle = colours[name] ?? '';
  };
  const [w, h] = [column - 2, row - 4];
  switch (kind) {
    case 'absent':
      return;
    case 'passed':
      fill('--pass');
      return context.fillRect(x + 1, y + 7, w, 4);
    case 'again':
      fill('--amber');
      return context.fillRect(x + 1, y + 2 + h / 2, w, h / 2);
    case 'failed':
      fill('--red');
      return context.fillRect(x + 1, y + 2, w, h);
    case 'error':
      fill('--error');
      context.fillRect(x + 1, y + 2, w, h);
      fill('--bg');
      return context.fillRect(x + 4, y + 6, w - 6, h - 8);
    case 'skipped':
      fill('--skip');
      return context.fillRect(x + 4, y + 8, 2, 2);
    case 'xfailed':
      fill('--violet');
      return context.fillRect(x + 3, y + 7, 4, 4);
    case 'xpassed':
      fill('--violet');
      return context.fillRect(x + 1, y + 5, w, 8);
  }
}

function legend(): HTMLElement {
  const kinds: readonly CellKind[] = ['passed', 'failed', 'error', 'again', 'skipped', 'xfailed', 'xpassed'];
  return el(
    'ul',
    'legend kinds',
    {},
    ...kinds.map((kind) => el('li', '', {}, el('span', `kind ${kind}`), words[kind])),
  );
}

/** The end of a name says most. */
function shortened(context: CanvasRenderingContext2D, text: string, width: number): string {
  if (text.length * 7.3 <= width) return text;
  const letter = context.measureText('m').width;
  const room = Math.max(4, Math.floor(width / letter) - 1);
  return text.length <= room + 1 ? text : `…${text.slice(-room)}`;
}

/** A row of the newest cells, small. */
export function strip(model: Model, test: number, runs: readonly number[]): HTMLElement {
  const some = runs.slice(-40);
  const failed = some.filter((run) => ['failed', 'error'].includes(model.kind(test, run))).length;
  const ran = some.filter((run) => !['absent', 'skipped'].includes(model.kind(test, run))).length;
  const canvas = el('canvas', 'strip', {
    role: 'img',
    'aria-label': `failed in ${failed} of the last ${ran} runs`,
  });
  const ratio = devicePixelRatio || 1;
  canvas.width = 40 * 5 * ratio;
  canvas.height = 14 * ratio;
  const context = canvas.getContext('2d');
  if (context === null) return canvas;
  const draw = () => {
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, 200, 14);
    const from = 40 - some.length;
    for (const [place, run] of some.entries()) {
      const kind = model.kind(test, run);
      if (kind === 'absent') continue;
      const isRed = kind === 'failed' || kind === 'error';
      context.fillStyle = colour(
        isRed ? '--red' : kind === 'again' ? '--amber' : kind === 'skipped' ? '--skip' : '--pass',
      );
      const height = isRed ? 14 : kind === 'again' ? 8 : 3;
      context.fillRect((from + place) * 5, (14 - height) / 2, 4, height);
    }
  };
  draw();
  addEventListener('theme', draw);
  return canvas;
}
