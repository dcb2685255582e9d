// How GitHub is reached from a runner, and what is asked of it before a run is told.
import type { PulledFile } from '../../model.ts';
import { log } from './log.ts';

const { env } = process;

export function githubEdges(token: string) {
  return {
    token,
    apiUrl: env.GITHUB_API_URL ?? 'https://api.github.com',
    repository: env.GITHUB_REPOSITORY ?? '',
    clock: () => performance.now(),
    random: Math.random,
    pause: (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms)),
  };
}

/** What a shallow clone lacks, asked of GitHub when it is needed. */
export function askingGithub(token: string | undefined, pullRequest: number | undefined) {
  return { readPulledFiles: pulledFiles(token, pullRequest), readServerFiles: serverFiles(token) };
}

/** Reads files of a commit that the clone lacks, with one repeat: renamed tests are recognised by their sources. */
function serverFiles(token: string | undefined) {
  if (token === undefined) return undefined;
  return async (sha: string, paths: readonly string[]) => {
    try {
      const { readFileSources } = await import('../../tell/github/file-sources.ts');
      return await readFileSources({ ...githubEdges(token), mostRepeats: 1 }, sha, paths);
    } catch (error) {
      log(`The sources of ${sha.slice(0, 12)} are not known: ${(error as Error).message}.`);
      return undefined;
    }
  };
}

/** Asks for a pull request's changed files once, and briefly: what a shallow clone cannot tell is worth no waiting. */
function pulledFiles(token: string | undefined, number: number | undefined) {
  if (token === undefined || number === undefined) return undefined;
  let answer: Promise<readonly PulledFile[] | undefined> | undefined;
  const ask = async () => {
    try {
      const { readChangedFiles } = await import('../../tell/github/changed-files.ts');
      return await readChangedFiles({ ...githubEdges(token), mostRepeats: 1 }, number);
    } catch (error) {
      log(`The changed files of the pull request are not known: ${(error as Error).message}.`);
      return undefined;
    }
  };
  return () => {
    answer ??= ask();
    return answer;
  };
}
