// Entry point of the Action.
import { keepHeapSmall } from '../heap.ts';
import { runStep } from './main.ts';

keepHeapSmall();
void runStep().then((code) => {
  process.exitCode = code;
});
