/** Finds in a CPU profile where a thread spent its time. */
import { isInternal } from '../invocation/diagnostic.ts';
import type { CpuProfile, CpuProfileNode, PositionTicks } from './cpu-profile.ts';

/** A function on the stack, and the line in it. Lines and columns count from 1. */
export interface StackFrame {
  /** Empty for an anonymous function. */
  readonly functionName: string;
  /** A `file:` URL, the path of a CommonJS module, or `node:…`; empty for native functions. */
  readonly url: string;
  /** The line that ran; if unknown, the line at which the function begins. */
  readonly line: number;
  /** The column at which the function begins; undefined if `line` is another line. */
  readonly column: number | undefined;
}

/**
 * The innermost function that was on the stack in at least half of the last samples, and its callers. Empty if functions ran
 * in less than half of them. Samples of the garbage collector do not count.
 *
 * V8 records the line of the innermost function of a sample only. For its callers, the result has the line at which they begin.
 * A function that calls itself has the lines of all its calls.
 */
export function busiestStack(profile: CpuProfile, lastMs: number): StackFrame[] {
  const byId = new Map(profile.nodes.map((node) => [node.id, node]));
  const [root] = profile.nodes;
  const path = root === undefined ? [] : heaviestPath(root, byId, lastSamples(profile, lastMs));
  return path.map((node, index) =>
    index === 0 ? frameOf({ ...node, positionTicks: ticksOf(node, byId) }) : frameOf(node),
  );
}

/** The number of samples in which a function ran. */
export function functionSamples({ nodes, samples }: CpuProfile): number {
  const ofV8 = new Set(nodes.filter((node) => isOfV8(node)).map(({ id }) => id));
  return samples.filter((id) => !ofV8.has(id)).length;
}

/** The stack with which the profile began. Empty if no function ran. */
export function firstStack({ nodes, samples }: CpuProfile): StackFrame[] {
  const first = nodes.find(({ id }) => id === samples[0]);
  return first === undefined ? [] : pathTo(first, nodes).map(frameOf);
}

/**
 * The part of a stack that belongs to the function's code, with the built-in function that it called, if any. Empty if there
 * is no such code.
 */
export function codeOfUser(stack: readonly StackFrame[]): StackFrame[] {
  const innermost = stack.findIndex(({ url }) => url !== '' && !url.startsWith('node:') && !isInternal(url));
  if (innermost === -1) return [];
  const code = stack.slice(innermost).filter(({ url }) => !isInternal(url));
  const builtin = stack[innermost - 1];
  return builtin === undefined ? code : [builtin, ...code];
}

type Nodes = ReadonlyMap<number, CpuProfileNode>;

/** Without those of the garbage collector, which works for the functions that ran before and after, or for the profile. */
function lastSamples({ nodes, samples, timeDeltas }: CpuProfile, lastMs: number): readonly number[] {
  let first = samples.length;
  for (let us = 0; first > 0 && us < lastMs * 1_000; us += timeDeltas[first] ?? 0) first -= 1;
  const collector = nodes.find((node) => isOfV8(node, '(garbage collector)'));
  return samples.slice(first).filter((id) => id !== collector?.id);
}

/** The number of samples in which a function was on the stack, by node. */
function totalsOf(
  root: CpuProfileNode,
  byId: Nodes,
  samples: readonly number[],
): Map<CpuProfileNode, number> {
  const hits = new Map<number, number>();
  for (const id of samples) hits.set(id, (hits.get(id) ?? 0) + 1);
  const totals = new Map<CpuProfileNode, number>();
  const total = (node: CpuProfileNode): number => {
    const own = hits.get(node.id) ?? 0;
    const sum = childrenOf(node, byId).reduce((before, child) => before + total(child), own);
    totals.set(node, sum);
    return sum;
  };
  total(root);
  return totals;
}

/** From the innermost function. Empty if functions were on the stack in less than half of the samples. */
function heaviestPath(root: CpuProfileNode, byId: Nodes, samples: readonly number[]): CpuProfileNode[] {
  const totals = totalsOf(root, byId, samples);
  const totalOf = (node: CpuProfileNode) => totals.get(node) ?? 0;
  let children = childrenOf(root, byId).filter((child) => !isOfV8(child));
  const inFunctions = children.reduce((sum, child) => sum + totalOf(child), 0);
  if (inFunctions === 0 || inFunctions < samples.length / 2) return [];
  const path: CpuProfileNode[] = [];
  while (children.length > 0) {
    const heaviest = children.reduce((one, other) => (totalOf(other) > totalOf(one) ? other : one));
    if (totalOf(heaviest) < inFunctions / 2) break;
    path.unshift(heaviest);
    children = childrenOf(heaviest, byId);
  }
  return path;
}

/** From the innermost function. */
function pathTo(node: CpuProfileNode, nodes: readonly CpuProfileNode[]): CpuProfileNode[] {
  if (isOfV8(node)) return [];
  const caller = nodes.find(({ children }) => children?.includes(node.id) === true);
  return [node, ...(caller === undefined ? [] : pathTo(caller, nodes))];
}

/** Those of the function and of its calls of itself. */
function ticksOf(node: CpuProfileNode, byId: Nodes): PositionTicks[] {
  const recursive = childrenOf(node, byId).filter((child) => isSameFunction(child, node));
  return [...(node.positionTicks ?? []), ...recursive.flatMap((child) => ticksOf(child, byId))];
}

function isSameFunction({ callFrame: one }: CpuProfileNode, { callFrame: other }: CpuProfileNode): boolean {
  return (
    one.url === other.url && one.lineNumber === other.lineNumber && one.columnNumber === other.columnNumber
  );
}

function childrenOf({ children = [] }: CpuProfileNode, byId: Nodes): CpuProfileNode[] {
  return children.flatMap((id) => byId.get(id) ?? []);
}

/** `(root)`, `(program)`, `(idle)` or `(garbage collector)`. */
function isOfV8({ callFrame }: CpuProfileNode, name = '('): boolean {
  return callFrame.url === '' && callFrame.functionName.startsWith(name);
}

function mostTicks(positionTicks: readonly PositionTicks[]): number {
  const byLine = new Map<number, number>();
  for (const { line, ticks } of positionTicks) byLine.set(line, (byLine.get(line) ?? 0) + ticks);
  const [[most]] = [...byLine].sort(([, one], [, other]) => other - one) as [[number, number]];
  return most;
}

function frameOf({ callFrame, positionTicks = [] }: CpuProfileNode): StackFrame {
  const { functionName, url, lineNumber, columnNumber } = callFrame;
  const begin = { functionName, url, line: lineNumber + 1, column: columnNumber + 1 };
  // The line of a native function is a line of its caller.
  if (url === '') return begin;
  // V8 counts the entry of a call at the line at which the function begins.
  const inBody = positionTicks.filter(({ line }) => line !== begin.line);
  return inBody.length === 0 ? begin : { functionName, url, line: mostTicks(inBody), column: undefined };
}
