import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import type {
  CpuProfile,
  CpuProfiles,
  HeapProfiles,
  ProfileOptions,
  ThreadProfile,
} from '../../src/index.ts';
import type { FaultRuntime } from '../faults/fault-runtime.ts';
import { POLL_OPTIONS } from '../helpers/start-runtime.ts';

/** The environment of a runtime whose methods can be called from the test. */
export const PROFILED = { OBSERVE: 'profiles' };

export interface Rejected {
  readonly name: string;
  readonly code?: string;
  readonly message: string;
}

type Reply<Value> = { readonly value: Value } | { readonly rejected: Rejected };

let calls = 0;

async function call<Value>(runtime: FaultRuntime, method: string, argument: object): Promise<Reply<Value>> {
  calls += 1;
  const file = `profiles-${calls}`;
  runtime.child.send({ method, file, ...argument });
  // The runtime may have ended when the file appears.
  await expect.poll(() => runtime.made(file), POLL_OPTIONS).toContain(file);
  return JSON.parse(await readFile(join(runtime.gates.path, file), 'utf8')) as Reply<Value>;
}

function valueOf<Value>(reply: Reply<Value>): Value {
  if ('rejected' in reply) throw new Error(`${reply.rejected.code}: ${reply.rejected.message}`);
  return reply.value;
}

export async function profileCpu(runtime: FaultRuntime, options: ProfileOptions): Promise<CpuProfiles> {
  return valueOf(await call<CpuProfiles>(runtime, 'profileCpu', { options }));
}

export async function heapProfile(runtime: FaultRuntime, options: ProfileOptions): Promise<HeapProfiles> {
  return valueOf(await call<HeapProfiles>(runtime, 'heapProfile', { options }));
}

/** Resolves with the description that a heap snapshot has of itself. */
export async function heapSnapshot(runtime: FaultRuntime, thread: number): Promise<{ node_count: number }> {
  return valueOf(await call<{ node_count: number }>(runtime, 'heapSnapshot', { thread }));
}

/** Resolves with the error with which the method rejects. */
export async function refusal(runtime: FaultRuntime, method: string, argument: object): Promise<Rejected> {
  const reply = await call(runtime, method, argument);
  if ('value' in reply) throw new Error(`${method} has not rejected.`);
  return reply.rejected;
}

/** The profile of a thread. */
export function profileOf<Profile>(
  all: { profiles: readonly ThreadProfile<Profile>[] },
  id: number,
): Profile {
  const found = all.profiles.find(({ thread }) => thread === id);
  expect(found, `the profile of the thread ${id}`).toBeDefined();
  return (found as ThreadProfile<Profile>).profile;
}

/** For each sample the names of the functions on the stack, the innermost first. */
export function stacksOf({ nodes, samples }: CpuProfile): string[][] {
  const parents = new Map(nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id])));
  const names = new Map(nodes.map(({ id, callFrame }) => [id, callFrame.functionName]));
  return samples.map((sample) => {
    const stack: string[] = [];
    for (let id: number | undefined = sample; id !== undefined; id = parents.get(id))
      stack.push(names.get(id) ?? '');
    return stack;
  });
}
