// The order of the test files: those that take long first, so that none is alone at the end.
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Where no run before is remembered vitest goes by the files' sizes. These take longer than theirs tell: most of it is waiting. */
const longForTheirSize = [
  'doors/action/faults',
  'doors/healix-number',
  'doors/help',
  'doors/completion',
  'store/runs/plans',
  'store/history/story',
  'store/keep/odd-partitions',
].map((name) => `/test/${name}.test.ts`);

export default class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const isLong = ({ moduleId }: TestSpecification) =>
      longForTheirSize.some((end) => moduleId.endsWith(end));
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))];
  }
}
