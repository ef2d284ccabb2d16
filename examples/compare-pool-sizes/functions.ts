import { readFileSync } from 'node:fs';
// In your own project, import from 'lambda-managed-runtime/bench'.
import type { CompareOptions } from '../../src/cli/bench/index.ts';

/** A function to measure: its handler, its events, and the options of its bootstrap. */
export interface ComparedFunction extends Pick<CompareOptions, 'events' | 'options'> {
  readonly name: string;
  readonly workerFile: URL;
}

/** The functions to measure. Replace them with your own. */
export const FUNCTIONS: readonly ComparedFunction[] = [
  { name: 'image', workerFile: inExamples('image/handler.ts'), events: [event('image')] },
  {
    name: 'crypto',
    workerFile: inExamples('crypto/handler.ts'),
    events: [event('crypto')],
    options: { sharedData: inExamples('crypto/key.ts') },
  },
];

function inExamples(file: string): URL {
  return new URL(`../${file}`, import.meta.url);
}

function event(example: string): unknown {
  return JSON.parse(readFileSync(inExamples(`${example}/event.json`), 'utf8'));
}
