/**
 * Packs the package and checks it as users install it: `node scripts/check-package/main.ts [--node <major>]… [check…]`.
 * Default: all checks, on the Node.js that runs this script. Each check's output is stored in `scripts/results/`.
 */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { apiReference } from '../api-reference/check.ts';
import { asTyped } from './as-typed.ts';
import { cdk } from './cdk.ts';
import type { Check } from './check.ts';
import { commands } from './commands.ts';
import { contents } from './contents.ts';
import { lambdaStart } from './lambda-start.ts';
import { links } from './links.ts';
import { layer } from './layer.ts';
import { attw, knip, publint } from './linters.ts';
import { loadTimes } from './load-times.ts';
import { Log } from './log.ts';
import { quickStart } from './quick-start.ts';
import { findNode } from './nodes.ts';
import type { NodeBinary } from './nodes.ts';
import { pack } from './pack.ts';
import { bundled } from './projects/bundled.ts';
import { cjsJavascript } from './projects/cjs-javascript.ts';
import { esmTypescript } from './projects/esm-typescript.ts';
import { RESULTS } from '../root.ts';
import { size } from './size.ts';
import { types } from './types.ts';
import { zip } from './zip.ts';

const CHECKS: Readonly<Record<string, Check>> = {
  publint,
  attw,
  knip,
  contents,
  links,
  size,
  types,
  'api-reference': apiReference,
  'esm-typescript': esmTypescript,
  'cjs-javascript': cjsJavascript,
  bundled,
  newcomer: quickStart,
  'as-typed': asTyped,
  commands,
  zip,
  layer,
  cdk,
  'lambda-start': lambdaStart,
  'load-times': loadTimes,
};

const { values, positionals } = parseArgs({
  options: {
    node: { type: 'string', multiple: true, default: [String(process.versions.node.split('.')[0])] },
  },
  allowPositionals: true,
});
const names = positionals.length > 0 ? positionals : Object.keys(CHECKS);
const unknown = names.filter((name) => !(name in CHECKS));
if (unknown.length > 0)
  throw new Error(`Unknown checks: ${unknown.join(', ')}. Available: ${Object.keys(CHECKS).join(', ')}.`);

rmSync(RESULTS, { recursive: true, force: true });
mkdirSync(RESULTS, { recursive: true });
const packing = openLog('pack');
const tarball = await pack(packing);
const nodes: NodeBinary[] = [];
for (const major of values.node) nodes.push(await findNode(major, packing));

const failed: string[] = [];
for (const name of names) {
  const log = openLog(name);
  try {
    await CHECKS[name]?.({ tarball, nodes }, log);
    log.write(`passed: ${name}\n`);
  } catch (error) {
    log.write(`FAILED: ${name}: ${(error as Error).stack}\n`);
    failed.push(name);
  }
}
const summary = openLog('summary');
const on = `Node ${nodes.map(({ major }) => major).join(', ')}`;
for (const name of names) summary.write(`${failed.includes(name) ? 'FAILED' : 'passed'}  ${name}\n`);
summary.write(`on ${on}; all output is in ${RESULTS}\n`);
if (failed.length > 0) process.exitCode = 1;

function openLog(name: string): Log {
  process.stdout.write(`\n== ${name} ==\n`);
  return new Log(join(RESULTS, `${name}.log`));
}
