// A pull request's run as the Action meets it: the event, the runner's environment, a report; and what the Action said.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ActionResult, ActionRun } from './runner.ts';

export const sha = (digit: string): string => digit.repeat(40);

/** The payload of one of `fixtures/events`, to be changed at will. */
export const event = (name: string) =>
  JSON.parse(readFileSync(new URL(`../../fixtures/events/${name}.json`, import.meta.url), 'utf8'));

/** Writes pytest's report of tests of these names into a folder. */
export function writeReportIn(
  folder: string,
  outcomes: Readonly<Record<string, 'passed' | 'failed'>>,
  file = 'results.xml',
): void {
  const cases = Object.entries(outcomes).map(([name, outcome], i) =>
    outcome === 'passed'
      ? `<testcase classname="tests.test_m" name="${name}" time="0.01" />`
      : `<testcase classname="tests.test_m" name="${name}" time="0.01"><failure message="KeyError: '${name}'">def ${name}():
&gt;       TABLE['${name}']
E       KeyError: '${name}'

tests/test_m.py:${i + 10}: KeyError</failure></testcase>`,
  );
  writeFileSync(
    join(folder, file),
    `<?xml version="1.0" encoding="utf-8"?><testsuites name="pytest tests"><testsuite name="pytest" time="1.0">${cases.join('')}</testsuite></testsuites>`,
  );
}

/** A pull request of the repository's own, or a fork's. */
export function pullRequest(
  head = sha('1'),
  options: { fork?: boolean } = {},
): NonNullable<ActionRun['event']> {
  const payload = event('pull-request');
  payload.pull_request.head.sha = head;
  if (options.fork !== true) payload.pull_request.head.repo.full_name = 'acme/shop';
  return { name: 'pull_request', payload };
}

/** What the runner sets for it. */
export const pullEnv = {
  GITHUB_REF: 'refs/pull/42/merge',
  GITHUB_HEAD_REF: 'feature/rounding',
  GITHUB_BASE_REF: 'main',
};

/** The messages of the runner's commands of one name. */
export const words = (result: ActionResult, name: string) =>
  result.commands.filter((command) => command.name === name).map((command) => command.message);

/** Markdown without its links: their texts stay. */
export const withoutLinks = (markdown: string) =>
  markdown.replace(/\[(`+[^\n]*?`+|[\w ]+)\]\(https:[^)\s]*\)/g, '$1');
