// What a repository is called: one rule for everybody who asks whether two rows are of one. SQL texts.
// Outside CI a run is stored under host and path of its remote, in CI under what the system says, which is the path alone.

/**
 * The name of a run's repository in lower case without its host: acme/shop.
 *
 * @param run a row with the columns `repository` and `repository_host`
 */
export const bareRepository = (run: string): string => `CASE
    WHEN starts_with(lower(${run}.repository), ${run}.repository_host || '/')
      THEN substr(lower(${run}.repository), length(${run}.repository_host) + 2)
    ELSE lower(${run}.repository) END`;

/** All names of a run's repository, without its host and with it where it is known: an array; NULL where there is none. */
export const repositoryNames = (run: string): string => `CASE WHEN ${run}.repository IS NOT NULL
    THEN array_remove(ARRAY[${bareRepository(run)}, ${run}.repository_host || '/' || ${bareRepository(run)}], NULL) END`;

/** Whether two hosts may be one: yes, where one is not known. */
export const sameHost = (one: string, other: string): string => `(${one} = ${other}) IS NOT FALSE`;

/**
 * The suite of a run, as `test_aliases.suite_id`: a test's name means a test only in one repository and project. Outside CI a repository
 * is called by its host and path, in CI without the host: those are one, as in the evidence.
 */
export const suiteOf = (run: string): string =>
  `md5(regexp_replace(lower(coalesce(${run}.repository, '')), '^[^/]+/(?=[^/]+/)', '') || E'\\n' || coalesce(${run}.project, ''))::uuid`;
