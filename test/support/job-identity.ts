// The identity of a job in a comment, for tests that are about something else.
import type { JobIdentity } from '../../src/tell/github/comment.ts';

export const jobIdentity = (key: string): JobIdentity => ({
  key,
  name: key,
  run: 7,
  attempt: 1,
  job: undefined,
  step: undefined,
});
