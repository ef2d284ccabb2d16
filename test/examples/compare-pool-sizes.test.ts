import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { compareResults, readResults } from '../../examples/compare-pool-sizes/results.ts';
import type { Results } from '../../examples/compare-pool-sizes/results.ts';
import type { Comparison } from '../../src/cli/bench/index.ts';
import { codeBlocks } from '../docs/code-blocks.ts';
import { makeTaskRoot } from '../helpers/task-root.ts';
import type { TaskRoot } from '../helpers/task-root.ts';

vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

const FOLDER = fileURLToPath(new URL('../../examples/compare-pool-sizes/', import.meta.url));

let root: TaskRoot;
let first: Awaited<ReturnType<typeof run>>;
let results: Results;
beforeAll(async () => {
  root = await makeTaskRoot();
  first = await run();
  results = readResults(`${root.path}/results.json`);
});
afterAll(() => root[Symbol.asyncDispose]());

describe('the example compare-pool-sizes', () => {
  it('measures both functions, without a failed invocation', () => {
    const sizes = Object.entries(results).map(([name, { measurements }]) => [
      name,
      measurements.map(({ slots, answers }) => [slots, answers.failed]),
    ]);
    const both = [
      [1, 0],
      [2, 0],
    ];
    expect(sizes).toEqual([
      ['image', both],
      ['crypto', both],
    ]);
    expect(results['crypto']?.about.options.sharedData).toMatch(/examples\/crypto\/key\.ts$/);
  });

  it('prints a table and the settings, and exits with 2 if other programs disturbed it', () => {
    const isReliable = Object.values(results).every(({ reliable }) => reliable);
    expect(first.code).toBe(isReliable ? 0 : 2);
    expect(first.stdout.includes('UNRELIABLE')).toBe(!isReliable);
    for (const [name, { recommendation, measurements }] of Object.entries(results)) {
      for (const { slots } of measurements) {
        expect(first.stdout).toMatch(new RegExp(`^│ ${name} +│ +${slots} │( +[\\d.]+ │){5}`, 'm'));
      }
      expect(first.stdout).toContain(
        recommendation === null
          ? `${name}: no recommendation. `
          : `${name}: PerExecutionEnvironmentMaxConcurrency ${recommendation.size.slots}, MemorySize `,
      );
    }
  });

  it('draws plots of each function', async () => {
    for (const name of Object.keys(results)) {
      const page = await readFile(`${root.path}/${name}.html`, 'utf8');
      expect(page).toContain(`<h1>Slots for `);
      expect(page).toMatch(/<figcaption>Throughput, invocations per second<\/figcaption><svg /);
    }
  });

  it('prints what its README shows', async () => {
    const readme = await readFile(`${FOLDER}README.md`, 'utf8');
    const shown = codeBlocks(readme).find(({ code }) => code.includes('┌'))?.code ?? '';
    const printed = new Set(shapes(first.stdout));
    // Other programs may disturb this run, which then may have no recommendation.
    const comparable = shapes(shown).filter((line) => !/UNRELIABLE|Concurrency|◀/.test(line));
    expect(comparable.length).toBeGreaterThan(5);
    expect(comparable.filter((line) => !printed.has(line))).toEqual([]);
  });

  it('exits with 1 if a size takes more CPU time than in the stored result', async () => {
    const stored = `${root.path}/stored.json`;
    await writeFile(stored, JSON.stringify(scaled(results, 0.5)));
    const { code, stdout } = await run('--against', stored, '--sizes', '1');
    const now = readResults(`${root.path}/results.json`);
    const compared = Object.keys(now).filter((name) => now[name]?.reliable === true);
    expect(stdout).toContain(`Compared with ${stored}, tolerance 15 %:`);
    for (const name of Object.keys(now)) {
      if (compared.includes(name)) expect(stdout).toMatch(new RegExp(`^│ ${name} .*◀ REGRESSION`, 'm'));
      else expect(stdout).toContain(`Not compared: ${name}: the measurements are unreliable.`);
    }
    expect(code).toBe(compared.length > 0 ? 1 : 2);
  });
});

describe('two results', () => {
  const before = (): Results => scaled(results, 1);

  it('without a difference have no regression', () => {
    const { sizes, obstacles } = compareResults(before(), before(), 0);
    expect(obstacles).toEqual([]);
    expect(sizes.map(({ name, slots }) => `${name} ${slots}`)).toEqual([
      'image 1',
      'image 2',
      'crypto 1',
      'crypto 2',
    ]);
    expect(sizes.some(({ isRegression }) => isRegression)).toBe(false);
  });

  it.each([
    ['more CPU time', 1.2, 1, true],
    ['more CPU time within the tolerance', 1.1, 1, false],
    ['less CPU time', 0.5, 1, false],
    ['less throughput', 1, 0.8, true],
    ['less throughput within the tolerance', 1, 0.9, false],
    ['more throughput', 1, 2, false],
  ])('with %s have a regression only beyond the tolerance', (_what, cpu, throughput, isRegression) => {
    const { sizes } = compareResults(before(), scaled(results, cpu, throughput), 0.15);
    expect(sizes.map((size) => size.isRegression)).toEqual(Array(4).fill(isRegression));
    expect(sizes[0]?.cpuMs.change).toBeCloseTo(cpu - 1, 6);
    expect(sizes[0]?.possiblePerSecond.change).toBeCloseTo(throughput - 1, 6);
  });

  it.each<[string, (comparison: Comparison) => Partial<Comparison>, RegExp]>([
    ['that is unreliable', () => ({ reliable: false }), /the stored measurements are unreliable/],
    [
      'of another machine',
      ({ about }) => ({ about: { ...about, machine: { ...about.machine, cores: 64 } } }),
      /from another machine \(.* with 64 cores, now /,
    ],
    ['of other sizes', () => ({ measurements: [] }), /has none of these sizes/],
  ])('are not compared if one is a result %s', (_what, change, obstacle) => {
    const older = Object.fromEntries(
      Object.entries(before()).map(([name, each]) => [name, { ...each, ...change(each) }]),
    );
    const { sizes, obstacles } = compareResults(older, before(), 0.15);
    expect(sizes).toEqual([]);
    expect(obstacles).toEqual(['image', 'crypto'].map((name) => expect.stringMatching(`^${name}: `)));
    expect(obstacles[0]).toMatch(obstacle);
  });

  it('are compared for the functions that both have', () => {
    const { image } = before();
    const { sizes, obstacles } = compareResults({ image } as Results, before(), 0.15);
    expect(sizes.map(({ name }) => name)).toEqual(['image', 'image']);
    expect(obstacles).toEqual(['crypto: the stored result does not have it.']);
  });
});

it.each([
  [['--against', 'none.json'], /ENOENT.*none\.json/],
  [['--against', `${FOLDER}../image/event.json`], /event\.json is not a result of this script\./],
  [['--tolerance', 'some'], /--tolerance must be a percentage, but it is "some"\./],
  [['--sizes', 'two'], /sizes: expected whole numbers from 1 to 1600/],
  [['--seconds', '0'], /seconds: expected a number from 0\.1 to 3600/],
])('the example compare-pool-sizes refuses %j', async (args, message) => {
  const { code, stdout, stderr } = await run(...args);
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toMatch(message);
});

/** Runs the script, short. Later flags take precedence. */
function run(...args: string[]): Promise<{ code: unknown; stdout: string; stderr: string }> {
  const short = ['--sizes', '1,2', '--seconds', '1', '--out', root.path];
  return new Promise((resolve) => {
    execFile(process.execPath, [`${FOLDER}main.ts`, ...short, ...args], (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : error.code, stdout, stderr }),
    );
  });
}

/** A reliable result with other CPU times, and another throughput. */
function scaled(of: Results, cpu: number, throughput = 1): Results {
  return Object.fromEntries(
    Object.entries(of).map(([name, comparison]) => [
      name,
      {
        ...comparison,
        reliable: true,
        measurements: comparison.measurements.map((size) => ({
          ...size,
          cpu: { ...size.cpu, msPerInvocation: size.cpu.msPerInvocation * cpu },
          possiblePerSecond: size.possiblePerSecond * throughput,
        })),
      },
    ]),
  );
}

/** The distinct lines, without numbers and without the padding of columns. */
function shapes(output: string): string[] {
  const lines = output
    .replaceAll(/[\d.]*\d/g, '<n>')
    .replaceAll(/ +/g, ' ')
    .replaceAll(/─+/g, '─')
    .split('\n');
  return [...new Set(lines)].filter((line) => line !== '');
}
