// Facts for a page in which every text is hostile.
import type { FailureHistory } from '../../src/model.ts';
import type { PageFacts, RedFailure } from '../../src/tell/page/facts.ts';
import { largeFacts } from './large-page.ts';
import { makeFailureHistory } from './runs.ts';

const kinds: readonly ((n: number) => string)[] = [
  (n) => `<img src=x onerror="hacked=${n}">`,
  (n) => `</script><script>hacked=${n}</script>`,
  (n) => `<!--<script>${n}`,
  (n) => `]]><svg onload=hacked=${n}>`,
  (n) => `"><iframe src="javascript:parent.hacked=${n}"></iframe>`,
  (n) => `javascript:hacked=${n}`,
  (n) => `' onmouseover='hacked=${n}' x='`,
  (n) => `\${hacked=${n}} {{constructor.constructor('hacked=${n}')()}}`,
  (n) => `\u2028\u2029\u0000\u001b[31m${n}\u202eevil`,
  (n) => `__proto__.${n}`,
  (n) => `constructor ${n}`,
  (n) => `https://evil.example/${n}`,
  (n) => `//evil.example/${n}`,
  (n) => `<style>*{display:none}</style>${n}`,
  (n) => `<base href="https://evil.example/${n}">`,
  (n) => `</title><meta http-equiv=refresh content="0;url=https://evil.example/${n}">`,
  (n) => `data:text/html,<script>hacked=${n}</script>`,
  (n) => `${n} ${'W'.repeat(2000)}`,
  (n) => `&lt;b&gt;${n}&amp;nbsp;`,
  (n) => `\ud83d\ude00 ${n} \u0301\u0301`,
];

/** Different texts, of every kind equally many. */
export function hostileTexts(count: number): string[] {
  return Array.from({ length: count }, (_, n) => (kinds[n % kinds.length] ?? String)(n));
}

/** A page's facts with each text as a test's name, a message, a traceback, and in all other places in turn. */
export function hostileFacts(texts: readonly string[]): PageFacts {
  const facts = largeFacts(4, 10);
  const textAt = (n: number) => texts[n % texts.length] ?? '';
  for (const text of texts) facts.grid.set(facts.grid.place(text, 0), 1, 'failed');
  const memory = (n: number) => ({
    id: textAt(n),
    testName: textAt(n),
    rootCause: textAt(n),
    probableCause: textAt(n),
    solution: textAt(n),
    solutionType: textAt(n + 1),
    autoFixCode: textAt(n + 2),
    confidence: 0.5,
    successCount: 1,
    failureCount: 1,
    lastApplied: undefined,
    errorType: textAt(n),
    matrizStar: textAt(n + 3),
  });
  return {
    ...facts,
    repository: 'acme/shop',
    runs: facts.runs.map((run, n) => ({
      ...run,
      gitSha: n === 0 ? textAt(n) : run.gitSha,
      branch: n === 3 ? textAt(n) : run.branch,
      jobName: textAt(n + 5),
      lane: textAt(n + 6),
      workflowRunId: textAt(n),
      message: textAt(n),
    })),
    standings: facts.standings.map((standing) => ({
      ...standing,
      lane: textAt(3),
      jobs: standing.jobs.map((job, n) => ({ ...job, jobName: textAt(n), sha: textAt(n + 1), failures: 1 })),
    })),
    red: [
      {
        run: 3,
        runId: textAt(1),
        at: facts.madeAt,
        jobName: textAt(2),
        branch: textAt(3),
        project: '.',
        isBase: true,
        gitSha: textAt(4),
        history: { baseBranch: textAt(5), point: undefined, isInfrastructure: false },
        total: texts.length,
        failures: texts.map(
          (text, n): RedFailure => ({
            number: n + 1,
            testName: text,
            testFile: text,
            outcome: 'failed',
            failureSignature: text,
            errorType: text,
            line: n,
            message: text,
            traceback: textAt(n + 1),
            excerpt: {
              exceptionsLeftOut: 1,
              exceptions: [
                {
                  source: [`> ${text}`, text],
                  error: [text, `- ${text}`],
                  errorLeftOut: { lines: 1, characters: 0 },
                  frames: [{ path: text, line: n, times: 2, statement: text }],
                  framesLeftOut: 1,
                  libraryFrames: 1,
                },
              ],
            },
            isFromWindows: n % 2 === 0,
            verdict: verdict(text, n),
          }),
        ),
      },
    ],
    flaky: texts.map((text) => ({
      testName: text,
      project: '.',
      baseBranch: text,
      evidence: { kind: 'rerun', sha: text, branch: `${text} branch`, failures: 1, runs: 10 },
    })),
    coverage: {
      run: 3,
      total: texts.length,
      files: texts.map((filePath) => ({
        filePath,
        percent: 50,
        statements: 2,
        covered: 1,
        branches: 0,
        coveredBranches: 0,
        coveredLines: [1],
        missingLines: [2],
      })),
    },
    memories: texts.map((_, n) => memory(n)),
    memoriesTotal: texts.length,
    matriz: {
      run: 3,
      json: JSON.stringify({
        stars: Object.fromEntries(
          texts.map((text) => [
            text,
            { status: text, confidence: 1, violations: [{ rule: text, location: text }] },
          ]),
        ),
      }),
    },
  };
}

function verdict(text: string, n: number): FailureHistory {
  return makeFailureHistory({
    testName: text,
    class: n % 2 === 0 ? 'new' : 'pre-existing',
    reason: { kind: 'jobs-differ', sha: text, passed: [text], failed: [text] },
  });
}
