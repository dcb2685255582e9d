// The page's lists: how the base stands, failures, flaky tests, slow tests, memories, stars.
import { count, duration, number, percent } from '../../words.ts';
import type { PageFailureData, PageMemory, PageStanding } from '../data.ts';
import { ago, atTime, command, el, line, link, onDate, paged, put } from './dom.ts';
import { strip } from './grid.ts';
import { type Model, shortSha, unnamedJob } from './model.ts';

/** How the base stands: what matters first. */
export function standing(model: Model): HTMLElement {
  const { data } = model;
  const jobs = data.standings.flatMap((one) => one.jobs);
  const base = data.baseBranch ?? 'the base branch';
  const red = jobs.filter(({ failures }) => failures > 0);
  const failing = data.failures.filter((failure) => failure.base);
  const broken = failing.filter((failure) => failure.class !== 'flaky');
  const chance = failing.length - broken.length;
  // A test that means one thing in one job and another in the next is listed for each.
  const tests = new Set(broken.map(({ place, test }) => place ?? test)).size;
  // What is not listed may be anything.
  const isListed =
    failing.reduce((sum, failure) => sum + failure.jobs.length, 0) >=
    red.reduce((sum, job) => sum + job.failures, 0);
  const isIncomplete = jobs.some(({ incomplete }) => incomplete === 1);
  const notRun = data.standings.reduce((sum, one) => sum + (one.notRun ?? 0), 0);
  const without = jobs.filter((job) => isWithoutPass(model, job)).length;
  const isEmpty = jobs.length > 0 && without === jobs.length;
  const state =
    jobs.length === 0
      ? 'unknown'
      : red.length === 0
        ? isIncomplete || notRun > 0 || isEmpty
          ? 'unsure'
          : 'green'
        : broken.length === 0 && isListed
          ? 'unsure'
          : 'red';
  const parts: (Node | string)[] = [];
  if (jobs.length === 0) put2(parts, `No run of ${line(base)} counts yet. `, ...lastRun(model));
  else if (red.length === 0)
    put2(
      parts,
      isEmpty
        ? `In ${jobs.length === 1 ? 'its last run' : `the last run of each of its ${jobs.length} jobs`} all tests were skipped, or expected to fail`
        : `${jobs.length === 1 ? 'Its last run' : `The last run of each of its ${jobs.length} jobs`} ${without === 0 ? 'passed' : 'has no failure'}`,
      `${without > 0 && !isEmpty ? `; in ${count(without, 'job')} all tests were skipped, or expected to fail` : ''}${isIncomplete ? (jobs.length === 1 ? ', but did not run to its end' : ', but not all of them ran to the end') : ''}.${notRun === 0 ? '' : ` ${count(notRun, 'test')} that failed before ${notRun === 1 ? 'was' : 'were'} left out since.`}`,
    );
  else {
    const since = broken.flatMap((failure) => failure.since ?? []).sort((a, b) => a.at - b.at)[0];
    if (broken.length > 0)
      put2(
        parts,
        `${count(tests, 'test')} ${tests === 1 ? 'fails' : 'fail'}`,
        ...(since === undefined
          ? []
          : [
              ` since ${atTime(since.at)} (${ago(since.at, data.madeAt)})${since.orEarlier ? ' or earlier' : ''}, `,
              link(model.commitLink(since.sha), shortSha(since.sha), 'mono'),
            ]),
        '. ',
      );
    if (chance > 0)
      put2(
        parts,
        `${count(chance, 'failure')} ${chance === 1 ? 'is of a flaky test' : 'are of flaky tests'}. `,
      );
    if (!isListed) {
      const all = red.reduce((sum, job) => sum + job.failures, 0);
      put2(parts, `${count(all, 'failure')} in ${count(red.length, 'job')}, not all of them listed here. `);
    }
  }
  const title =
    state === 'red'
      ? `${line(base)} is red`
      : state === 'green'
        ? `${line(base)} is green`
        : jobs.length === 0
          ? `${line(base)} was not tested`
          : isEmpty
            ? `No test of ${line(base)} passed`
            : red.length === 0
              ? `${line(base)} is green so far`
              : `${line(base)} is red by chance`;
  return el(
    'section',
    `standing ${state}`,
    { 'aria-labelledby': 'standing-title' },
    el('h2', '', { id: 'standing-title' }, title),
    el('p', 'lead', {}, ...parts),
    el(
      'p',
      '',
      {},
      data.flaky.length === 0
        ? 'No test is known to be flaky.'
        : link(
            '#flaky',
            `${count(data.flaky.length, 'test')} ${data.flaky.length === 1 ? 'is' : 'are'} flaky`,
          ),
      data.flaky.length === 0
        ? undefined
        : `: a failure like ${data.flaky.length === 1 ? 'its' : 'their'} earlier ones would not be put on a change.`,
    ),
    ...data.standings.map((one) => jobsOf(model, one)),
  );
}

/** What the newest run says, where none counts. */
function lastRun(model: Model): (Node | string)[] {
  const run = model.data.runs.findLast(({ stranger }) => stranger === undefined);
  if (run === undefined) return [];
  const failed = run.failed + run.errors;
  return [
    `The newest run (${line(run.branch ?? 'of no branch')} `,
    link(model.commitLink(run.sha), shortSha(run.sha), 'mono'),
    `, ${atTime(run.at)}) has ${failed === 0 ? 'no failure' : count(failed, 'failure')}${run.not === undefined ? '' : `; it is no evidence: ${line(run.not)}`}.`,
  ];
}

function put2(parts: (Node | string)[], ...more: readonly (Node | string)[]): void {
  parts.push(...more);
}

/** Its tests were skipped, or expected to fail. */
function isWithoutPass(model: Model, { failures, run }: PageStanding['jobs'][number]): boolean {
  return failures === 0 && run !== undefined && model.data.runs[run]?.passed === 0;
}

function jobsOf(model: Model, { name, jobs }: PageStanding): HTMLElement {
  return el(
    'ul',
    'jobs',
    { 'aria-label': name === '' ? 'Jobs' : `Jobs of ${line(name)}` },
    ...jobs.slice(0, 40).map((job) => {
      const run = job.run === undefined ? undefined : model.data.runs[job.run];
      return el(
        'li',
        job.failures > 0 ? 'red' : isWithoutPass(model, job) ? '' : 'green',
        { title: atTime(job.at) },
        el(
          'span',
          'state',
          {},
          job.failures > 0
            ? `${number(job.failures)} failed`
            : isWithoutPass(model, job)
              ? 'no test passed'
              : 'passed',
        ),
        ' ',
        link(
          model.runLink(run),
          [line(job.job), line(name)].filter((part) => part !== '').join(', ') || unnamedJob,
        ),
        ' ',
        link(model.commitLink(job.sha), shortSha(job.sha), 'mono dim'),
        el(
          'span',
          'dim',
          {},
          ` ${ago(job.at, model.data.madeAt)}${job.behind > 0 ? `, ${count(job.behind, 'commit')} before the newest` : ''}${job.incomplete === 1 ? ', incomplete' : ''}`,
        ),
      );
    }),
    jobs.length > 40 && el('li', 'dim', {}, `and ${jobs.length - 40} more`),
  );
}

export function failuresSection(model: Model): HTMLElement {
  const { data } = model;
  const body = el('div');
  const section = part('failing', 'Failing now', body);
  const draw = () => {
    body.replaceChildren();
    const shown = data.failures.filter(({ test, message, branch, errorType }) =>
      model.matches(test, message, branch, errorType),
    );
    const base = shown.filter((failure) => failure.base);
    const others = shown.filter((failure) => !failure.base);
    const none = data.failures.some((failure) => failure.base)
      ? 'No failure like that.'
      : data.standings.some(({ jobs }) => jobs.length > 0)
        ? 'Nothing fails in the last runs.'
        : 'Nothing to tell.';
    put(body, el('h3', '', {}, `On ${line(data.baseBranch ?? 'the base branch')}`));
    list(model, body, base, none);
    if (others.length > 0) {
      put(body, el('h3', '', {}, 'In other last runs'));
      list(model, body, others, '');
    }
  };
  draw();
  model.onChange(draw);
  return section;
}

function list(model: Model, body: Element, failures: readonly PageFailureData[], none: string): void {
  if (failures.length === 0) {
    put(body, el('p', 'dim', {}, none));
    return;
  }
  const items = el('div', 'failures');
  const more = paged(items, failures, 40, (failure) => failureItem(model, failure), 'failures');
  put(body, items, more);
}

function failureItem(model: Model, failure: PageFailureData): HTMLElement {
  const label = failure.known ? `${failure.class ?? 'failed'}, known` : (failure.class ?? 'failed');
  const { since } = failure;
  const summary = el(
    'summary',
    '',
    {},
    el('span', `class ${failure.class ?? ''}`, {}, label),
    ' ',
    el('span', 'mono name', {}, line(failure.test)),
    el('span', 'dim when', {}, whenOf(failure)),
    el(
      'span',
      'dim what',
      {},
      line(
        [failure.errorType, firstLine(failure.message)]
          .filter((text, i, all) => text !== undefined && !(i === 0 && all[1]?.startsWith(text) === true))
          .join(': '),
      ).slice(0, 300),
    ),
  );
  const details = el('details', 'failure', {}, summary);
  // What is inside is made when somebody looks.
  let isFilled = false;
  const fill = () => {
    if (isFilled) return;
    isFilled = true;
    const jobs = failure.jobs.map(({ job, run }) => {
      const of = run === undefined ? undefined : model.data.runs[run];
      return link(model.runLink(of), line(job) || unnamedJob);
    });
    put(
      details,
      el(
        'dl',
        '',
        {},
        ...row('Where', [
          line(failure.branch ?? ''),
          failure.sha === undefined ? '' : ' @ ',
          link(model.commitLink(failure.sha), shortSha(failure.sha), 'mono'),
          ' in ',
          ...jobs.flatMap((job, i) => (i === 0 ? [job] : [', ', job])),
          `, ${atTime(failure.at)}`,
        ]),
        ...(since === undefined
          ? []
          : row('Since', [
              `${onDate(since.at)} (${ago(since.at, model.data.madeAt)})${since.orEarlier ? ' or earlier' : ''}, `,
              link(model.commitLink(since.sha), shortSha(since.sha), 'mono'),
            ])),
        ...(failure.evidence === '' ? [] : row('Why', [line(failure.evidence)])),
        ...(failure.file === undefined
          ? []
          : row('File', [
              link(
                model.fileLink(failure.file, failure.sha, failure.line),
                `${line(failure.file)}${failure.line === undefined ? '' : `:${failure.line}`}`,
                'mono',
              ),
            ])),
      ),
      ...tracebackParts(model, failure),
      failure.memory !== undefined &&
        el(
          'div',
          'memory',
          {},
          el('h4', '', {}, failure.tier ?? 'Known'),
          ...memoryParts(failure.memory, model.data.madeAt),
        ),
      el('h4', '', {}, 'Run it again'),
      failure.rerun === undefined
        ? el('p', 'dim', {}, failure.noRerun ?? 'no command')
        : command(failure.rerun),
      failure.teach !== undefined && el('h4', '', {}, 'Remember what it was'),
      failure.teach !== undefined && command(failure.teach),
    );
  };
  details.addEventListener('toggle', () => {
    if (details.open) fill();
  });
  details.addEventListener('fill', fill);
  return details;
}

/** What is read first: failing lines, the exception's words with the diff, frames; the whole of it folded below. */
function tracebackParts(model: Model, { message, traceback, excerpt, sha }: PageFailureData): Node[] {
  const whole = (text: string) => el('pre', '', { tabindex: 0, 'aria-label': 'Traceback' }, text);
  const words = () => el('pre', 'message', { tabindex: 0, 'aria-label': 'Message' }, message ?? '');
  if (excerpt === undefined)
    return [
      ...(message === undefined ? [] : [words()]),
      ...(traceback === undefined ? [] : [whole(traceback)]),
    ];
  const { older, exceptions } = excerpt;
  const parts: Node[] = [];
  if (older > 0)
    parts.push(
      el('p', 'dim', {}, `${count(older, 'older exception')} of the chain: see the whole traceback.`),
    );
  for (const [i, { source, error, more, frames, others }] of exceptions.entries()) {
    if (i > 0) parts.push(el('p', 'dim', {}, 'And then:'));
    if (source.length > 0)
      parts.push(
        el(
          'pre',
          'source',
          { tabindex: 0, 'aria-label': 'Failing lines' },
          ...marked(source, { '>': 'failing' }),
        ),
      );
    // One line is told above already.
    if (error.length > 1 || (error[0] ?? '') !== (firstLine(message) ?? ''))
      parts.push(
        el(
          'pre',
          'error',
          { tabindex: 0, 'aria-label': 'Error' },
          ...marked(error, { '-': 'removed', '+': 'added' }),
          more !== '' && `… ${more}`,
        ),
      );
    if (frames.length > 0 || others !== '')
      parts.push(
        el(
          'ul',
          'frames',
          { 'aria-label': 'Frames in the repository' },
          ...frames.map((frame) =>
            el(
              'li',
              '',
              {},
              link(model.fileLink(frame.path, sha, frame.line), `${line(frame.path)}:${frame.line}`, 'mono'),
              frame.times > 1 && ` (${number(frame.times)} times)`,
              ' ',
              frame.statement !== undefined && el('code', 'dim', {}, line(frame.statement)),
            ),
          ),
          others !== '' && el('li', 'dim', {}, others),
        ),
      );
  }
  if (traceback !== undefined)
    parts.push(el('details', 'whole', {}, el('summary', '', {}, 'The whole traceback'), whole(traceback)));
  return parts;
}

/** Lines, of which those that begin with a mark have a class beside it. */
function marked(lines: readonly string[], classes: Readonly<Record<string, string>>): (Node | string)[] {
  return lines.map((text, i) => {
    const words = i === lines.length - 1 ? text : `${text}\n`;
    const name = classes[text.slice(0, 1)];
    return name === undefined ? words : el('span', name, {}, words);
  });
}

/** Since when it is red, or in which run it failed. */
function whenOf({ since, base, branch, at, class: novelty }: PageFailureData): string {
  if (!base) return `${line(branch ?? '').slice(0, 40)}, ${onDate(at)}`;
  if (since === undefined || novelty === 'flaky') return onDate(at);
  return `since ${onDate(since.at)}${since.orEarlier ? ' or earlier' : ''}`;
}

function firstLine(text: string | undefined): string | undefined {
  return text?.trim().split('\n', 1)[0]?.slice(0, 300);
}

function row(name: string, value: readonly (Node | string)[]): HTMLElement[] {
  return [el('dt', '', {}, name), el('dd', '', {}, ...value)];
}

export function flakySection(model: Model): HTMLElement {
  const { data } = model;
  const body = el('div');
  const section = part(
    'flaky',
    'Flaky',
    el(
      'p',
      'dim',
      {},
      'A failure like an earlier one would be called flaky if the next change had it: the test failed and passed on one commit, or failed alone now and then. The strip shows its last runs, as far as the filter takes them.',
    ),
    body,
  );
  const draw = () => {
    body.replaceChildren();
    const shown = data.flaky.filter(({ test }) => model.matches(test));
    if (shown.length === 0) {
      put(body, el('p', 'dim', {}, data.flaky.length === 0 ? 'None is known.' : 'No flaky test like that.'));
      return;
    }
    const runs = model.shownRuns();
    const rows = el('tbody');
    const more = paged(
      rows,
      shown,
      40,
      (flaky) =>
        el(
          'tr',
          '',
          {},
          el('td', 'mono name', {}, line(flaky.test)),
          el('td', '', {}, flaky.place === undefined ? undefined : strip(model, flaky.place, runs)),
          el('td', 'number', {}, flaky.runs === 0 ? '' : percent((100 * flaky.failures) / flaky.runs)),
          el('td', '', {}, line(flaky.evidence)),
        ),
      'flaky tests',
    );
    put(body, table(['Test', 'Last runs', 'Failed', 'Evidence'], rows), more);
  };
  model.onChange(draw);
  section.addEventListener('fill', draw);
  draw();
  return section;
}

export function slowSection(model: Model): HTMLElement {
  const { tests } = model.data;
  const spent = (test: number) => ((tests.mean[test] ?? 0) * (tests.timed[test] ?? 0)) / 1000;
  const order = [...tests.names.keys()].filter((test) => (tests.timed[test] ?? 0) > 0);
  order.sort((a, b) => spent(b) - spent(a));
  const total = order.reduce((sum, test) => sum + spent(test), 0);
  const trends = new Map(tests.trends);
  const body = el('div');
  const section = part(
    'slow',
    'Where the time goes',
    el(
      'p',
      'dim',
      {},
      total === 0
        ? 'No durations are stored.'
        : `${duration(total)} in all runs on this page, of all branches and jobs.`,
    ),
    body,
  );
  const draw = () => {
    body.replaceChildren();
    const shown =
      model.filter.text === ''
        ? order
        : order.filter((test) => model.lower[test]?.includes(model.filter.text) === true);
    if (shown.length === 0) return;
    const rows = el('tbody');
    const more = paged(
      rows,
      shown,
      20,
      (test) =>
        el(
          'tr',
          '',
          {},
          el('td', 'mono name', {}, line(model.names[test] ?? '')),
          el('td', 'number', {}, duration(spent(test))),
          el('td', 'number', {}, percent((100 * spent(test)) / total)),
          el('td', 'number', {}, duration((tests.mean[test] ?? 0) / 1000)),
          el('td', 'number', {}, duration((tests.slowest[test] ?? 0) / 1000)),
          el('td', '', {}, spark(trends.get(test))),
        ),
      'tests',
    );
    put(body, table(['Test', 'Time spent', 'Share', 'Mean', 'Slowest', 'Mean over time'], rows), more);
  };
  draw();
  model.onChange(draw);
  return section;
}

/** The mean in each tenth of the time; 0: none. */
function spark(means: readonly number[] | undefined): HTMLElement | undefined {
  const known = (means ?? []).flatMap((mean, i) => (mean > 0 ? [[i, mean] as const] : []));
  if (known.length < 2) return undefined;
  const top = Math.max(...known.map(([, mean]) => mean));
  const points = known.map(
    ([i, mean]) => `${(4 + i * 12).toFixed(0)},${(18 - (15 * mean) / top).toFixed(1)}`,
  );
  const space = 'http://www.w3.org/2000/svg';
  const svg = document.createElementNS(space, 'svg');
  for (const [key, value] of [
    ['viewBox', '0 0 116 20'],
    ['class', 'spark'],
    ['role', 'img'],
    [
      'aria-label',
      `from ${duration((known[0]?.[1] ?? 0) / 1000)} to ${duration((known.at(-1)?.[1] ?? 0) / 1000)}`,
    ],
  ] as const)
    svg.setAttribute(key, value);
  const path = document.createElementNS(space, 'polyline');
  path.setAttribute('points', points.join(' '));
  svg.append(path);
  return el('span', '', {}, svg);
}

export function memoriesSection(model: Model): HTMLElement | undefined {
  const { memories, madeAt } = model.data;
  if (memories === undefined) return undefined;
  const body = el('div', 'memories');
  // The memory that the page's address names comes first.
  const asked = location.hash.slice(1);
  const idOf = ({ id }: PageMemory) => (/^[0-9a-f-]{36}$/.test(id) ? `memory-${id}` : undefined);
  const section = part('known', 'What is known', body);
  const draw = () => {
    body.replaceChildren();
    const shown = memories
      .filter(({ test, cause, solution }) => model.matches(test, cause, solution))
      .sort((a, b) => Number(idOf(b) === asked) - Number(idOf(a) === asked));
    if (shown.length === 0) {
      put(
        body,
        memories.length === 0
          ? el(
              'p',
              'dim',
              {},
              'Nothing yet. Once you know what a failure was: ',
              el('code', '', {}, 'lukhas healix add 1'),
            )
          : el('p', 'dim', {}, 'No memory like that.'),
      );
      return;
    }
    const more = paged(
      body,
      shown,
      20,
      (memory) =>
        el(
          'article',
          'memory',
          { id: idOf(memory) },
          el('h3', 'mono name', {}, line(memory.test)),
          ...memoryParts(memory, madeAt),
        ),
      'memories',
    );
    body.after(more);
  };
  draw();
  model.onChange(draw);
  return section;
}

function memoryParts(memory: PageMemory, now: number): (HTMLElement | undefined)[] {
  const tries = memory.worked + memory.failed;
  const facts = [
    tries === 0 ? 'not tried yet' : `worked ${memory.worked} of ${tries} times`,
    ...(memory.confidence === undefined ? [] : [`confidence ${Math.round(memory.confidence * 100)} %`]),
    ...(memory.type === undefined ? [] : [line(memory.type)]),
    ...(memory.applied === undefined ? [] : [`last applied ${ago(memory.applied, now)}`]),
    ...(memory.star === undefined ? [] : [`star ${line(memory.star)}`]),
    ...memory.remarks.map(line),
    memory.id.slice(0, 8),
  ];
  return [
    memory.cause === undefined ? undefined : el('p', '', {}, el('b', '', {}, 'Cause '), memory.cause),
    el('p', '', {}, el('b', '', {}, 'Solution '), memory.solution),
    memory.code === undefined
      ? undefined
      : el('pre', '', { tabindex: 0, 'aria-label': 'Suggested code' }, memory.code),
    el('p', 'dim', {}, facts.join(' · ')),
  ];
}

export function matrizSection(model: Model): HTMLElement | undefined {
  const { matriz, runs } = model.data;
  if (matriz === undefined) return undefined;
  const run = runs[matriz.run];
  return part(
    'matriz',
    'MATRIZ stars',
    el(
      'p',
      'dim',
      {},
      run === undefined ? '' : `Of ${line(run.branch ?? 'the run')} ${shortSha(run.sha)}, ${atTime(run.at)}.`,
    ),
    el(
      'ul',
      'stars',
      {},
      ...matriz.stars.map(({ name, status, confidence, violations }) =>
        el(
          'li',
          status === 'BLOCKED' ? 'blocked' : '',
          {},
          el('b', '', {}, line(name)),
          status === undefined ? undefined : el('span', 'status', {}, ` ${line(status)}`),
          confidence === undefined ? undefined : el('span', 'dim', {}, ` ${Math.round(confidence * 100)} %`),
          ...violations.map((violation) => el('div', 'dim', {}, line(violation))),
        ),
      ),
    ),
  );
}

export function part(
  id: string,
  title: string,
  ...children: readonly (Node | string | false)[]
): HTMLElement {
  return el(
    'section',
    '',
    { id, 'aria-labelledby': `${id}-title` },
    el('h2', '', { id: `${id}-title` }, title),
    ...children,
  );
}

export function table(heads: readonly string[], body: HTMLElement): HTMLElement {
  return el(
    'div',
    'wide',
    { tabindex: 0, role: 'group', 'aria-label': 'Table' },
    el(
      'table',
      '',
      {},
      el('thead', '', {}, el('tr', '', {}, ...heads.map((head) => el('th', '', { scope: 'col' }, head)))),
      body,
    ),
  );
}
