// Addresses on the forge that a repository lies on. Only for a commit, a path or a number: nothing else from the database gets into
// an address. Pure.
import type { PageLinks } from './data.ts';

type Forge = 'github' | 'gitlab' | 'bitbucket' | 'gitea';

const forges: Readonly<Record<string, Forge>> = {
  'github.com': 'github',
  'gitlab.com': 'gitlab',
  'bitbucket.org': 'bitbucket',
  'codeberg.org': 'gitea',
  'gitea.com': 'gitea',
};
/** On a host of one's own the CI system tells which forge it is. */
const ofSystem: Readonly<Record<string, Forge>> = {
  github_actions: 'github',
  gitlab_ci: 'gitlab',
  bitbucket: 'bitbucket',
};

const forms: Readonly<Record<Forge, PageLinks>> = {
  github: {
    commit: '/commit/',
    file: '/blob/{sha}/{path}',
    line: '#L{line}',
    run: '/actions/runs/',
    pull: '/pull/',
  },
  gitlab: {
    commit: '/-/commit/',
    file: '/-/blob/{sha}/{path}',
    line: '#L{line}',
    run: '/-/pipelines/',
    pull: '/-/merge_requests/',
  },
  bitbucket: {
    commit: '/commits/',
    file: '/src/{sha}/{path}',
    line: '#lines-{line}',
    pull: '/pull-requests/',
  },
  gitea: { commit: '/commit/', file: '/src/commit/{sha}/{path}', line: '#L{line}', pull: '/pulls/' },
};

/** undefined where it is not known on which forge the repository lies, or its name is none that a forge gives. */
export function linksOf(
  repository: string | undefined,
  host: string | undefined,
  ciSystems: ReadonlySet<string>,
): PageLinks | undefined {
  if (repository === undefined || host === undefined) return undefined;
  if (!/^(?:[a-z\d](?:[a-z\d-]*[a-z\d])?\.)+[a-z]{2,}$/.test(host)) return undefined;
  const parts = repository.split('/');
  if (parts.length < 2 || parts.length > 20) return undefined;
  if (!parts.every((part) => /^[\w.-]{1,100}$/.test(part) && !/^\.+$/.test(part))) return undefined;
  const systems = [...ciSystems].filter((name) => name !== 'local');
  const forge = forges[host] ?? (systems.length === 1 ? ofSystem[systems[0] ?? ''] : undefined);
  if (forge === undefined) return undefined;
  const root = `https://${host}/${parts.join('/')}`;
  const { commit, file, line, run, pull } = forms[forge];
  // The number of a run is the forge's own only where its CI made it.
  const own = { github: 'github_actions', gitlab: 'gitlab_ci', bitbucket: '', gitea: '' }[forge];
  const isOwn = systems.every((name) => name === own);
  return {
    commit: root + commit,
    file: root + file,
    line,
    ...(run === undefined || !isOwn ? {} : { run: root + run }),
    ...(pull === undefined ? {} : { pull: root + pull }),
  };
}
