import { readFileSync } from 'node:fs';
import { startRuntime } from '../helpers/start-runtime.ts';
import type { RunningRuntime } from '../helpers/start-runtime.ts';

export type ExampleName =
  'hello-json' | 'image' | 'crypto' | 'background-tasks' | 'shared-cache' | 'streaming';

/** Starts the bootstrap of an example, and resolves when all of its slots poll. */
export async function startExample(
  name: ExampleName,
  slots: number,
  env: Readonly<Record<string, string>> = {},
): Promise<RunningRuntime> {
  const runtime = await startRuntime({ bootstrap: bootstrapOf(name), concurrency: slots, env });
  await runtime.whenPolling(slots);
  return runtime;
}

/** The URL of an example's bootstrap. */
export function bootstrapOf(name: ExampleName): string {
  return new URL(`../../examples/${name}/main.ts`, import.meta.url).href;
}

/** The event that comes with an example. */
export function sampleEvent(name: ExampleName): unknown {
  return JSON.parse(readFileSync(new URL(`../../examples/${name}/event.json`, import.meta.url), 'utf8'));
}
