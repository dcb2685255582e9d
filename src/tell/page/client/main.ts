// The page's own program: reads the data that the page carries, and shows it. It asks for nothing from anywhere.
import type { PageData } from '../data.ts';
import { coverageSection } from './coverage.ts';
import { atTime, command, el, line, onDate, put } from './dom.ts';
import { gridSection } from './grid.ts';
import { Model } from './model.ts';
import {
  failuresSection,
  flakySection,
  matrizSection,
  memoriesSection,
  part,
  slowSection,
  standing,
} from './sections.ts';
import { trendSection } from './trend.ts';

async function unpack(id: string): Promise<Uint8Array<ArrayBuffer>> {
  const text = document.getElementById(id)?.textContent?.trim() ?? '';
  const packed = bytesOf(text);
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream('deflate-raw'));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

function bytesOf(base64: string): Uint8Array<ArrayBuffer> {
  const binary = atob(base64);
  const bytes = new Uint8Array(binary.length);
  for (let at = 0; at < binary.length; at++) bytes[at] = binary.charCodeAt(at);
  return bytes;
}

async function start(): Promise<void> {
  const page = document.getElementById('page');
  if (page === null) return;
  const data = JSON.parse(new TextDecoder().decode(await unpack('data'))) as PageData;
  const model = new Model(data);
  document.title = `${line(data.repository ?? data.team)}: tests`;
  put(page, header(model));
  if (data.runs.length === 0) {
    put(page, nothingYet(model));
    document.documentElement.dataset.ready = 'whole';
    return;
  }
  const grid = gridSection(model);
  const flaky = flakySection(model);
  const sections = [
    failuresSection(model),
    flaky,
    trendSection(model),
    grid.section,
    slowSection(model),
    coverageSection(model),
    memoriesSection(model),
    matrizSection(model),
  ].filter((section) => section !== undefined);
  put(
    page,
    el('main', '', {}, standing(model), controls(model, sections), ...sections, leftOut(model)),
    footer(),
  );
  if (location.hash !== '') document.getElementById(location.hash.slice(1))?.scrollIntoView();
  document.documentElement.dataset.ready = 'lists';
  // What is above is on the screen before the cells are unpacked.
  await new Promise((resolve) => setTimeout(resolve));
  model.cells = await unpack('cells');
  grid.start();
  flaky.dispatchEvent(new Event('fill'));
  document.documentElement.dataset.ready = 'whole';
}

function header({ data }: Model): HTMLElement {
  const first = data.runs[0];
  const last = data.runs.at(-1);
  const what =
    first === undefined || last === undefined
      ? ''
      : `${data.total > data.runs.length ? `${data.runs.length} of ${data.total}` : data.runs.length} ${data.runs.length === 1 ? 'run' : 'runs'}, ${onDate(first.at)} to ${onDate(last.at)} · `;
  const theme = el('button', 'theme', { type: 'button' }, 'Light or dark');
  theme.addEventListener('click', () => {
    const root = document.documentElement;
    const isDark =
      root.dataset.theme === undefined
        ? matchMedia('(prefers-color-scheme: dark)').matches
        : root.dataset.theme === 'dark';
    root.dataset.theme = isDark ? 'light' : 'dark';
    dispatchEvent(new Event('theme'));
  });
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () =>
    dispatchEvent(new Event('theme')),
  );
  return el(
    'header',
    '',
    {},
    el(
      'div',
      '',
      {},
      el('h1', '', {}, line(data.repository ?? 'Tests')),
      el('p', 'dim', {}, `${what}team ${line(data.team)} · made ${atTime(data.madeAt)}`),
    ),
    theme,
  );
}

function nothingYet({ data }: Model): HTMLElement {
  return el(
    'main',
    '',
    {},
    part(
      'first',
      data.total === 0 && data.days > 0 ? `No run in the last ${data.days} days` : 'Nothing is stored yet',
      el('p', '', {}, 'Run your tests with a report, and store it. Then make this page again.'),
      command(data.commands.first || 'pytest --junitxml=results.xml; lukhas upload results.xml'),
      command('lukhas report --open'),
    ),
  );
}

function controls(model: Model, sections: readonly HTMLElement[]): HTMLElement {
  const { data } = model;
  const search = el('input', '', {
    type: 'search',
    placeholder: 'Search tests, files, messages',
    'aria-label': 'Search tests, files and messages',
  });
  let waiting: ReturnType<typeof setTimeout> | undefined;
  search.addEventListener('input', () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => model.change({ text: search.value.trim().toLowerCase() }), 120);
  });
  addEventListener('keydown', (event) => {
    const inField =
      event.target instanceof HTMLElement && /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName);
    if (event.key === '/' && !inField && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      search.focus();
    }
    if (event.key === 'Escape' && event.target === search && search.value !== '') {
      search.value = '';
      model.change({ text: '' });
    }
  });
  const base = data.baseBranch ?? 'the base branch';
  const branch = el(
    'select',
    '',
    { 'aria-label': 'Branches' },
    el('option', '', { value: 'base' }, `${line(base)} alone`),
    el('option', '', { value: 'all' }, 'all branches'),
  );
  branch.value = model.filter.branch;
  branch.addEventListener('change', () => model.change({ branch: branch.value === 'all' ? 'all' : 'base' }));
  const names = [...new Set(data.runs.map((run) => model.jobOf(run)))].sort();
  const job = el(
    'select',
    '',
    { 'aria-label': 'Job' },
    el('option', '', { value: '' }, 'all jobs'),
    ...names.map((name, place) => el('option', '', { value: place + 1 }, line(name))),
  );
  job.addEventListener('change', () => model.change({ job: names[Number(job.value) - 1] }));
  return el(
    'div',
    'controls',
    {},
    el(
      'nav',
      '',
      { 'aria-label': 'Parts of the page' },
      ...sections.map((section) =>
        el('a', '', { href: `#${section.id}` }, section.querySelector('h2')?.textContent ?? ''),
      ),
    ),
    el('div', 'fields', {}, search, branch, names.length > 1 && job),
  );
}

function leftOut({ data }: Model): HTMLElement | undefined {
  if (data.leftOut.length === 0) return undefined;
  return part(
    'left-out',
    'Not on this page',
    el('ul', 'dim', {}, ...data.leftOut.map((sentence) => el('li', '', {}, sentence))),
  );
}

function footer(): HTMLElement {
  return el(
    'footer',
    'dim',
    {},
    el(
      'p',
      '',
      {},
      'Keys: ',
      el('kbd', '', {}, '/'),
      ' searches, ',
      el('kbd', '', {}, 'Esc'),
      ' clears, arrows move in the grid. ',
    ),
  );
}

addEventListener('beforeprint', () => {
  for (const details of document.querySelectorAll<HTMLDetailsElement>('details.failure')) {
    details.dispatchEvent(new Event('fill'));
    details.open = true;
  }
});

start().catch((error: unknown) => {
  const page = document.getElementById('page');
  if (page !== null)
    put(
      page,
      el(
        'p',
        'broken',
        {},
        `This page could not be shown: ${error instanceof Error ? error.message : 'unknown'}`,
      ),
    );
});
