import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
// In your own project, import from 'lambda-managed-runtime/bench'.
import { compareSizes, htmlReport } from '../../src/cli/bench/index.ts';
import type { Comparison } from '../../src/cli/bench/index.ts';
import { exitOnSignals } from '../demo/exit-on-signals.ts';
import { FUNCTIONS } from './functions.ts';
import { changeReport, report } from './report.ts';
import { compareResults, readResults } from './results.ts';
import type { Results } from './results.ts';

/** A size is a regression, or nothing could be measured. */
const FAILED = 1;
/** The measurements are unreliable, or the two results cannot be compared. */
const NO_VERDICT = 2;

exitOnSignals();
try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exitCode = FAILED;
}

async function main(): Promise<number> {
  const { sizes, seconds, out, against, tolerance } = readFlags();
  const before = against === undefined ? undefined : readResults(against);
  mkdirSync(out, { recursive: true });

  const measured: [string, Comparison][] = [];
  for (const { name, workerFile, events, options } of FUNCTIONS) {
    const comparison = await compareSizes(workerFile, {
      seconds,
      ...(sizes !== undefined && { sizes }),
      ...(events !== undefined && { events }),
      ...(options !== undefined && { options }),
      onMeasured: ({ slots }) => process.stderr.write(`${name}: first round measured, slots: ${slots}\n`),
    });
    measured.push([name, comparison]);
    writeFileSync(join(out, `${name}.html`), await htmlReport(comparison));
  }
  const results: Results = Object.fromEntries(measured);
  writeFileSync(join(out, 'results.json'), `${JSON.stringify(results, undefined, 2)}\n`);

  const problems = measured.flatMap(([name, each]) => each.problems.map((problem) => `${name}: ${problem}`));
  for (const problem of problems) process.stdout.write(`UNRELIABLE ${problem}\n`);
  process.stdout.write(report(results));
  const compared = before && compareResults(before, results, tolerance / 100);
  if (compared !== undefined) {
    process.stdout.write(`\nCompared with ${against}, tolerance ${tolerance} %:\n`);
    for (const obstacle of compared.obstacles) process.stdout.write(`Not compared: ${obstacle}\n`);
    if (compared.sizes.length > 0) process.stdout.write(changeReport(compared.sizes));
  }
  if (compared?.sizes.some(({ isRegression }) => isRegression) === true) return FAILED;
  return problems.length > 0 || (compared !== undefined && compared.obstacles.length > 0) ? NO_VERDICT : 0;
}

function readFlags() {
  const { values } = parseArgs({
    options: {
      sizes: { type: 'string' },
      seconds: { type: 'string', default: '3' },
      out: { type: 'string', default: fileURLToPath(new URL('results', import.meta.url)) },
      against: { type: 'string' },
      tolerance: { type: 'string', default: '15' },
    },
  });
  const tolerance = Number(values.tolerance);
  if (!(tolerance >= 0))
    throw new RangeError(`--tolerance must be a percentage, but it is "${values.tolerance}".`);
  return {
    sizes: values.sizes?.split(',').map(Number),
    seconds: Number(values.seconds),
    out: values.out,
    against: values.against,
    tolerance,
  };
}
