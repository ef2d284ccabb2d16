import { readFile, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readEvents } from '../../src/cli/bench/flags.ts';
import { compareSizes, htmlReport, textReport } from '../../src/cli/bench/index.ts';
import type { BenchRecord } from '../../src/cli/bench/comparison.ts';
import type { Measurement } from '../../src/cli/bench/measurement.ts';
import { entryFile } from '../helpers/package-files.ts';
import { withoutRuntimeApi } from '../helpers/start-local.ts';
import { POLL_OPTIONS, startRuntime } from '../helpers/start-runtime.ts';
import { makeTaskRoot } from '../helpers/task-root.ts';
import type { TaskRoot } from '../helpers/task-root.ts';

const WORKER = pathToFileURL(entryFile('workers/index.ts')).href;
const QUICK = ['--seconds', '0.1'];

let root: TaskRoot;
beforeAll(async () => {
  root = await makeTaskRoot({
    'waits.mjs': `
      import { setTimeout } from 'node:timers/promises';
      export const handler = async ({ n }) => {
        console.log('handler ' + process.pid + ' got ' + n);
        await setTimeout(100);
      };`,
    'sometimes.cjs': `
      exports.handler = async ({ n }) => { if (n === 2) throw new RangeError('two is too much'); };`,
    // Recursive, because V8 may charge the time of an inlined function to its caller.
    'crunches.mjs': `
      export const handler = () => crunch(29);
      function crunch(n) { return n < 2 ? n : crunch(n - 1) + crunch(n - 2); }`,
    'never.cjs': `exports.handler = async () => { throw new TypeError('it never works'); };`,
    'broken.mjs': 'export const handler = missing;',
    'on-main.mjs': `
      import { isMainThread } from 'node:worker_threads';
      export const handler = async () => {
        if (!isMainThread) throw new Error('not on the main thread');
      };`,
    'exits.cjs': `exports.handler = async () => process.exit(7);`,
    'uses.mjs': `
      import { useServices, useSharedData } from '${WORKER}';
      const { limits } = useServices();
      export const handler = async (text) => {
        if (text !== 'decoded' || globalThis.loadedFirst !== undefined) throw new Error('as if without options');
        console.log('limit ' + (await limits.most(useSharedData().table[1])));
        return text;
      };`,
    'services.mjs': `export const limits = { most: (n) => n * 10 + globalThis.loadedFirst };`,
    'data.mjs': 'export const table = new Uint8Array(new SharedArrayBuffer(2)).fill(4);',
    'codec.mjs': `export const decode = () => 'decoded'; export const encode = (text) => Buffer.from(text);`,
    'first.mjs': 'globalThis.loadedFirst = 2;',
    'two.json': '[{"n":1},{"n":2}]',
    'one.json': '{"n":3}',
  });
});
afterAll(() => root[Symbol.asyncDispose]());

function start(...args: string[]) {
  return startRuntime(
    withoutRuntimeApi({
      args: ['bench', ...args, ...QUICK],
      taskRoot: null,
      cwd: root.path,
      // Ignored: the measured size sets the number of threads.
      env: { AWS_LAMBDA_NODEJS_WORKER_COUNT: '1' },
    }),
  );
}

async function run(...args: string[]) {
  await using bench = await start(...args);
  const { code } = await bench.exited;
  const { stdout, stderr } = bench.output;
  return { code, stdout, stderr };
}

describe('bench on a handler that waits', () => {
  const more = 2 * availableParallelism();
  let ended: Awaited<ReturnType<typeof run>>;
  let record: BenchRecord;

  beforeAll(async () => {
    const files = ['--json', 'all.json', '--html', 'report.html', '--log', 'handler.log'];
    const what = ['--events', 'one.json', '--sizes', `${more}`, '--rates', '2,100000'];
    ended = await run('waits.mjs', ...what, ...files);
    record = JSON.parse(await readFile(`${root.path}/all.json`, 'utf8')) as BenchRecord;
  });

  it('recommends settings from its measurements, or says why it does not', () => {
    const { recommendation, noRecommendation, reliable, problems } = record;
    // Other programs on this machine may disturb any measurement.
    expect(ended.code).toBe(reliable ? 0 : 2);
    expect(ended.stdout.startsWith('UNRELIABLE\n')).toBe(!reliable);
    for (const problem of problems) expect(ended.stdout).toContain(problem);
    if (recommendation === null) {
      expect(reliable).toBe(false);
      expect(ended.stdout).toContain(`No recommendation. ${noRecommendation}`);
      return;
    }
    expect(ended.stdout).toMatch(/The handler waits more than it computes/);
    expect(ended.stdout).toMatch(/PerExecutionEnvironmentMaxConcurrency +\d+/);
    expect(ended.stdout).toMatch(
      /│ +\d+ │[^]*◀ recommended[^]*Recommended[^:]*:[^]*Why:[^]*(Shared threads|shared threads? (is|are) enough)/,
    );
    expect(recommendation.workload.waits).toBe(true);
    // Which of the two setups with this number of slots does better depends on the machine.
    expect(recommendation.size.slots).toBe(more);
    expect(recommendation.advice.environment.vCpus).toBe(1);
  });

  it('measures each size in several rounds', () => {
    for (const { rounds } of record.measurements) {
      expect(rounds.length).toBeGreaterThanOrEqual(3);
      expect(rounds.filter(({ counted }) => counted).length).toBeGreaterThanOrEqual(2);
    }
    expect(ended.stderr).toMatch(/^bench: round 2 of 3$/m);
  });

  it('measures each size with a thread per slot, and sizes above the cores also with shared threads', () => {
    const setups = record.measurements.map(({ slots, threads }) => [slots, threads]);
    expect(setups).toEqual([
      [more, more],
      [more, more / 2],
    ]);
  });

  it('reports the answers, throughput, CPU time and peak memory of each setup', () => {
    for (const { answers, latencyMs, cpu, peakMemoryMiB, perSecond, slots } of record.measurements) {
      expect(answers.failed).toBe(0);
      expect(answers.total).toBeGreaterThanOrEqual(slots);
      expect(perSecond).toBeCloseTo((slots * 1000) / latencyMs.mean, 0);
      expect(cpu.msPerInvocation).toBeGreaterThan(0);
      expect(peakMemoryMiB).toBeGreaterThan(30);
    }
    // A thread for each slot needs more memory than shared threads.
    const [own, shared] = record.measurements;
    expect(own?.peakMemoryMiB).toBeGreaterThan(shared?.peakMemoryMiB ?? Infinity);
  });

  it('sends events at the given rates, except those above the measured throughput', () => {
    for (const { rates } of record.measurements) {
      expect(rates).toEqual([
        expect.objectContaining({ perSecond: 2, answers: { total: 1, failed: 0 } }),
        { perSecond: 100_000, tooMuch: true },
      ]);
    }
  });

  it('keeps what the handler writes out of the terminal', async () => {
    const log = await readFile(`${root.path}/handler.log`, 'utf8');
    expect(log).toMatch(/handler \d+ got 3/);
    expect(ended.stdout + ended.stderr).not.toMatch(/got 3/);
    // Without a terminal, a line for each setup.
    expect(ended.stderr.match(/^bench: \d+ slots?.* invocations\/s/gm)).toHaveLength(2);
  });

  it('writes a self-contained report that loads nothing from elsewhere', async () => {
    const page = await readFile(`${root.path}/report.html`, 'utf8');
    expect(page).toContain(`default-src 'none'`);
    expect(page).not.toMatch(/\s(src|href|srcset)=|@import|url\(|<link|<script|fetch\(|import\(/);
    const titles = [...page.matchAll(/<figcaption>(.*?)<\/figcaption>/g)].map(([, title]) => title);
    expect(titles.slice(0, 6)).toEqual([
      'Throughput, invocations per second',
      'Latency with all slots busy, ms',
      'Latency at 2 events per second, ms',
      'Efficiency, % of the ideal throughput',
      'Cost of 1,000 invocations, vCPU-seconds',
      'Peak memory, MiB',
    ]);
    // A distribution for each size.
    expect(titles).toHaveLength(8);
    expect(page).toContain('shared threads</li>');
    expect(page.includes('<h2>UNRELIABLE</h2>')).toBe(!record.reliable);
  });
});

it('counts failed invocations, reports them as a problem, and sends the events in turn', async () => {
  const what = ['--events', 'two.json', '--sizes', '1', '--json', '-'];
  const { code, stdout, stderr } = await run('sometimes.cjs', ...what);
  const { measurements, problems, recommendation } = JSON.parse(stdout) as BenchRecord;
  const { answers, rounds } = measurements[0] as Measurement;
  const { total, failed, firstError } = answers;
  // Each round begins and ends with either event, so its failures differ from half of its answers by 0.5 at most.
  expect(Math.abs(failed - total / 2)).toBeLessThanOrEqual(rounds.length / 2);
  expect(firstError).toBe('RangeError: two is too much');
  expect(problems[0]).toMatch(/^FAILURES: .* RangeError: two is too much/);
  expect(recommendation).toBeNull();
  expect(stderr).toMatch(/FAILED/);
  expect(code).toBe(2);
});

it('one slot is measured on the main thread', async () => {
  const { stdout } = await run('on-main.mjs', '--sizes', '1', '--json', '-');
  const { measurements } = JSON.parse(stdout) as BenchRecord;
  expect(measurements).toMatchObject([{ slots: 1, answers: { failed: 0 } }]);
});

describe.each([
  ['on the main thread', '1'],
  ['in threads', '2'],
])('with --profile, %s', (_where, size) => {
  it('the report says where the CPU time of the recommended size went', async () => {
    const files = ['--json', `profile-${size}.json`, '--html', `profile-${size}.html`];
    const { stdout, stderr } = await run('crunches.mjs', '--sizes', size, '--profile', ...files);
    expect(stderr).not.toContain('lambda-managed-runtime: ');
    const record = JSON.parse(await readFile(`${root.path}/profile-${size}.json`, 'utf8')) as BenchRecord;
    const { functions = [], tree, busyMs = 0, setup, missing } = record.profile ?? {};
    expect(setup).toEqual({ slots: Number(size), threads: Number(size) });
    expect(missing).toEqual([]);
    expect(functions[0]).toMatchObject({
      name: 'crunch',
      url: expect.stringMatching(/crunches\.mjs$/),
      line: 3,
    });
    expect(functions[0]?.selfMs).toBeGreaterThan(busyMs / 2);
    expect(functions.length).toBeLessThanOrEqual(10);
    expect(tree?.totalMs).toBe(busyMs);
    expect(stdout).toMatch(/Where the CPU time went, with \d slots?: [^]*│ crunch +│[^]*crunches\.mjs:3/);
    const page = await readFile(`${root.path}/profile-${size}.html`, 'utf8');
    expect(page).toMatch(
      /<svg class="flame"[^]*<g data-function="crunch"><title>crunch \([^)]*crunches\.mjs:3\)/,
    );
    expect(page).toMatch(/<table class="functions">[^]*<td>crunch<\/td>/);
  });
});

it('loads the services, shared data, codec and preloads that its flags name', async () => {
  const modules = ['--services', 'services.mjs', '--shared-data', 'data.mjs', '--codec', 'codec.mjs'];
  const what = ['--preload', 'first.mjs', '--sizes', '2', '--log', 'uses.log', '--json', '-'];
  const { stdout } = await run('uses.mjs', ...modules, ...what);
  const { about, measurements } = JSON.parse(stdout) as BenchRecord;
  expect(about.options).toEqual({
    services: 'services.mjs',
    sharedData: 'data.mjs',
    codec: 'codec.mjs',
    preload: ['first.mjs'],
  });
  expect(measurements[0]?.answers.failed).toBe(0);
  expect(await readFile(`${root.path}/uses.log`, 'utf8')).toContain('limit 42');
});

it('exits with the reason if the services cannot be loaded', async () => {
  const { code, stderr } = await run('waits.mjs', '--services', './broken.mjs', '--sizes', '2');
  expect(stderr).toMatch(/missing is not defined/);
  expect(code).toBe(1);
});

it('exits with the first error if every invocation fails', async () => {
  const { code, stdout, stderr } = await run('never.cjs');
  expect(stderr).toMatch(/All \d+ invocations failed.* TypeError: it never works/);
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
});

it('exits with the error and its location if the handler cannot be loaded', async () => {
  const { code, stderr } = await run('broken.mjs');
  expect(stderr).toMatch(/Cannot load the handler\. ReferenceError: missing is not defined\n.*broken\.mjs:1/);
  expect(code).toBe(1);
});

it('exits with the last lines of the handler log if the runtime exits', async () => {
  const { code, stderr } = await run('exits.cjs');
  expect(stderr).toMatch(/process\.exit[^]*Last lines of the handler log \(full log: \//);
  expect(code).toBe(1);
});

it.each([
  { text: 'no JSON', message: /is not valid JSON/ },
  { text: '[]', message: /contains an empty array/ },
])('events that are $text are refused', async ({ text, message }) => {
  const file = `${root.path}/wrong.json`;
  await writeFile(file, text);
  expect(() => readEvents(file)).toThrow(message);
});

it.each([
  { args: ['--events', 'none.json'], message: /Cannot read the events.*none\.json/ },
  { args: ['--html', 'nowhere/report.html'], message: /nowhere\/report\.html cannot be written/ },
  { args: ['--json', '.'], message: /\. cannot be written: it is a directory/ },
  { args: ['--html', '-'], message: /Only --json accepts - \(stdout\)/ },
  { args: ['--sizes', '1,two'], message: /--sizes.*whole numbers from 1 to 1600/ },
  { args: ['--rates', '0'], message: /--rates.*numbers above 0/ },
  { args: ['--seconds', '0'], message: /--seconds.*a number from 0\.1 to 3600/ },
])('$args is refused with the reason', async ({ args, message }) => {
  const { code, stdout, stderr } = await run('waits.mjs', ...args);
  expect(stderr).toMatch(message);
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
});

it('Ctrl-C ends the command and the runtime that it measures', async () => {
  await using bench = await start('waits.mjs', '--sizes', '1', '--log', 'stopped.log', '--rates', '1');
  const log = () => readFile(`${root.path}/stopped.log`, 'utf8').catch(() => '');
  const pid = /handler (\d+) got/;
  await bench.unlessExited(expect.poll(log, POLL_OPTIONS).toMatch(pid));
  const runtime = Number(pid.exec(await log())?.[1]);
  bench.child.kill('SIGINT');
  expect(await bench.exited).toEqual({ code: 130, signal: null });
  await expect.poll(() => isAlive(runtime), POLL_OPTIONS).toBe(false);
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

describe('compareSizes', () => {
  it('measures as the command does, with the modules that its options name', async () => {
    const url = (file: string) => pathToFileURL(`${root.path}/${file}`);
    const log = `${root.path}/compared.log`;
    const seen: number[] = [];
    const comparison = await compareSizes(url('uses.mjs'), {
      sizes: [3, 2, 2],
      events: [{ any: 1 }, Buffer.from('not JSON')],
      seconds: 0.1,
      options: {
        services: url('services.mjs'),
        sharedData: url('data.mjs'),
        codec: url('codec.mjs'),
        preload: [url('first.mjs')],
      },
      log,
      onMeasured: ({ slots }) => seen.push(slots),
    });
    expect(comparison.about).toMatchObject({ events: 2, seconds: 0.1 });
    expect(seen.slice(0, 2)).toEqual([2, 3]);
    expect(comparison.measurements[0]).toMatchObject({ slots: 2, threads: 2, answers: { failed: 0 } });
    expect(await readFile(log, 'utf8')).toContain('limit 42');
    expect(await textReport(comparison)).toContain('│ slots │');
    expect(await htmlReport(comparison)).toMatch(/^<!doctype html>/);
  });

  it.each([
    [{ sizes: [] }, /sizes: expected whole numbers from 1 to 1600/],
    [{ sizes: [0.5] }, /sizes: expected whole numbers/],
    [{ seconds: 0 }, /seconds: expected a number from 0\.1 to 3600/],
    [{ rates: [-1] }, /rates: expected numbers above 0/],
    [{ events: [] }, /events must have at least one event/],
  ])('rejects %j', async (options, message) => {
    await expect(compareSizes(`${root.path}/waits.mjs`, options)).rejects.toThrow(message);
    await expect(compareSizes(`${root.path}/waits.mjs`, options)).rejects.toBeInstanceOf(RangeError);
  });

  it('rejects if the handler cannot be loaded', async () => {
    await expect(compareSizes(`${root.path}/broken.mjs`, { sizes: [1] })).rejects.toThrow(
      /Cannot load the handler\. ReferenceError: missing is not defined/,
    );
  });
});
