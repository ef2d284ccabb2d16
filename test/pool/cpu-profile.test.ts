/** CPU profiles of threads, taken on the main thread: what Node.js documents and what the runtime assumes. */
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { MessageChannel } from 'node:worker_threads';
import { expect, it } from 'vitest';
import { canProfileThreads, startCpuProfile, takeCpuProfile } from '../../src/pool/cpu-profile.ts';
import type { CpuProfile } from '../../src/pool/cpu-profile.ts';
import { PiscinaWorker } from '../../src/pool/piscina-worker.ts';

const ENTRY = new URL('../fixtures/pool/served.mjs', import.meta.url);

async function startComputing(action = 'compute'): Promise<PiscinaWorker & Disposable> {
  const { port1, port2 } = new MessageChannel();
  const settings = { do: action, port: port2 };
  const start = { entry: fileURLToPath(ENTRY), settings, transfer: [port2], resourceLimits: {} };
  const worker = new PiscinaWorker(start, () => undefined);
  await once(port1, 'message');
  port1.close();
  return Object.assign(worker, { [Symbol.dispose]: () => worker.terminate() });
}

function functionsOf(profile: string | undefined): string[] {
  const { nodes } = JSON.parse(profile ?? '{"nodes":[]}') as CpuProfile;
  return nodes.map(({ callFrame }) => callFrame.functionName);
}

it.runIf(canProfileThreads())('a thread that blocks its event loop is profiled', async () => {
  using worker = await startComputing();
  const { nodes } = JSON.parse((await takeCpuProfile(worker, 20)) ?? '') as CpuProfile;
  const spin = nodes.find(({ callFrame }) => callFrame.functionName === 'spin');
  expect(spin).toMatchObject({ callFrame: { url: ENTRY.href, lineNumber: 45 } });
  expect(nodes.flatMap(({ positionTicks = [] }) => positionTicks)).toContainEqual({
    line: 47,
    ticks: expect.any(Number),
  });
});

it.runIf(canProfileThreads())(
  'the profile of a thread that compiles regular expressions is valid JSON',
  async () => {
    using worker = await startComputing('match');
    const profiles: (string | undefined)[] = [];
    const hasExpression = () => profiles.flatMap(functionsOf).some((name) => name.startsWith(EXPRESSION));
    do profiles.push(await takeCpuProfile(worker, 20));
    while (!hasExpression());
  },
);

/** The prefix of the name of a regular expression in the fixture. */
const EXPRESSION = String.raw`RegExp: ^(a"b\d*|\n)+[^"\\]`;

it.runIf(canProfileThreads())('two profiles of one thread can overlap', async () => {
  using worker = await startComputing();
  const outer = await worker.startCpuProfile();
  const inner = await takeCpuProfile(worker, 20);
  expect(functionsOf(inner)).toContain('spin');
  expect(functionsOf(await outer?.stop())).toContain('spin');
});

it('running and new profiles of a thread that has ended are undefined', async () => {
  using worker = await startComputing();
  const profiling = await worker.startCpuProfile();
  worker.terminate();
  await worker.exited;
  expect(await profiling?.stop()).toBeUndefined();
  expect(await worker.startCpuProfile()).toBeUndefined();
});

it('profiles are undefined if Node.js cannot profile threads', async () => {
  const worker = {} as Parameters<typeof startCpuProfile>[0];
  expect(await startCpuProfile(worker)).toBeUndefined();
});

it('profiles have unique names on versions that require names, such as Node.js 22', async () => {
  const named: string[] = [];
  const worker = {
    async startCpuProfile(name?: string) {
      if (name === undefined) throw Object.assign(new TypeError(), { code: 'ERR_INVALID_ARG_TYPE' });
      named.push(name);
      return { stop: async () => `profile ${named.length}` };
    },
  } as unknown as Parameters<typeof startCpuProfile>[0];
  const outer = await startCpuProfile(worker);
  await startCpuProfile(worker);
  expect(new Set(named).size).toBe(2);
  expect(await outer?.stop()).toBe('profile 2');
});

it('a thread whose profile cannot start is not waited for', async () => {
  const ended = { startCpuProfile: () => Promise.resolve(undefined) };
  expect(await takeCpuProfile(ended, 2 ** 31 - 1)).toBeUndefined();
});
