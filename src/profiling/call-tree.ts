/** Sums the samples of CPU profiles by call path and by function. It has no dependencies, because the console's page bundles it. */

/** What is read of a `.cpuprofile`. */
export interface SampledProfile {
  readonly nodes: readonly SampledNode[];
  readonly samples: readonly number[];
  /** In µs. */
  readonly timeDeltas: readonly number[];
  readonly startTime: number;
  readonly endTime: number;
}

interface SampledNode {
  readonly id: number;
  readonly callFrame: SampledFrame;
  readonly children?: readonly number[];
}

interface SampledFrame {
  readonly functionName: string;
  readonly url: string;
  readonly lineNumber: number;
  readonly columnNumber: number;
}

/** A function, and where it begins. */
export interface ProfiledFunction {
  readonly name: string;
  /** Empty for functions of V8 and for native ones. */
  readonly url: string;
  /** Counted from 1; 0 if there is none. */
  readonly line: number;
}

/** A function on one call path. */
export interface CallTreeNode extends ProfiledFunction {
  /** The time in the function itself, in ms. */
  selfMs: number;
  /** With the functions that it called. */
  totalMs: number;
  readonly children: CallTreeNode[];
}

/** The times of a function on all call paths. */
export interface FunctionTimes extends ProfiledFunction {
  readonly selfMs: number;
  readonly totalMs: number;
}

/** Merges profiles into one tree. The root has the time of all samples in which the threads were not idle. */
export function callTree(profiles: readonly SampledProfile[]): CallTreeNode {
  const root = newNode({ name: '(all)', url: '', line: 0 });
  const keys = new Map<CallTreeNode, Map<string, CallTreeNode>>();
  for (const profile of profiles) addProfile(profile, root, keys);
  setTotals(root);
  return root;
}

function newNode(of: ProfiledFunction): CallTreeNode {
  return { ...of, selfMs: 0, totalMs: 0, children: [] };
}

type Index = Map<CallTreeNode, Map<string, CallTreeNode>>;

function addProfile(profile: SampledProfile, root: CallTreeNode, index: Index): void {
  const selfMs = selfTimes(profile);
  const byId = new Map(profile.nodes.map((node) => [node.id, node]));
  const [top] = profile.nodes;
  const open = top === undefined ? [] : [{ from: top, to: root }];
  for (let pair = open.pop(); pair !== undefined; pair = open.pop()) {
    const { from, to } = pair;
    to.selfMs += selfMs.get(from.id) ?? 0;
    for (const id of from.children ?? []) {
      const child = byId.get(id);
      if (child === undefined || child.callFrame.functionName === IDLE) continue;
      open.push({ from: child, to: childOf(to, child.callFrame, index) });
    }
  }
}

const IDLE = '(idle)';

/** The time of each node. A sample stands for the time until the next one. */
function selfTimes({ samples, timeDeltas, startTime, endTime }: SampledProfile): Map<number, number> {
  const times = new Map<number, number>();
  let atUs = startTime;
  for (const [sample, node] of samples.entries()) {
    atUs += timeDeltas[sample] ?? 0;
    const us = sample + 1 < samples.length ? (timeDeltas[sample + 1] ?? 0) : endTime - atUs;
    times.set(node, (times.get(node) ?? 0) + Math.max(0, us) / 1_000);
  }
  return times;
}

function childOf(parent: CallTreeNode, frame: SampledFrame, index: Index): CallTreeNode {
  const { functionName, url, lineNumber, columnNumber } = frame;
  let known = index.get(parent);
  if (known === undefined) index.set(parent, (known = new Map()));
  const key = `${functionName}\n${url}\n${lineNumber}:${columnNumber}`;
  const found = known.get(key);
  if (found !== undefined) return found;
  const child = newNode({ name: functionName || '(anonymous)', url, line: lineNumber + 1 });
  known.set(key, child);
  parent.children.push(child);
  return child;
}

/** Sets the totals from the leaves up, widest children first. Recursion could exceed the stack, because call paths can be long. */
function setTotals(root: CallTreeNode): void {
  const order = [root];
  for (const node of order) order.push(...node.children);
  for (const node of order.toReversed()) {
    node.totalMs = node.children.reduce((sum, child) => sum + child.totalMs, node.selfMs);
    node.children.sort((one, other) => other.totalMs - one.totalMs);
  }
}

/** The functions by self time, longest first. A recursive function counts each sample once. */
export function functionTimes(root: CallTreeNode): FunctionTimes[] {
  const times = new Map<string, { -readonly [Field in keyof FunctionTimes]: FunctionTimes[Field] }>();
  const onPath = new Map<string, number>();
  const visit = [{ node: root, leaves: false }];
  for (let next = visit.pop(); next !== undefined; next = visit.pop()) {
    const { node, leaves } = next;
    const key = `${node.name}\n${node.url}\n${node.line}`;
    const depth = onPath.get(key) ?? 0;
    if (leaves) {
      onPath.set(key, depth - 1);
      continue;
    }
    onPath.set(key, depth + 1);
    const { name, url, line } = node;
    const entry = times.get(key) ?? { name, url, line, selfMs: 0, totalMs: 0 };
    entry.selfMs += node.selfMs;
    if (depth === 0) entry.totalMs += node.totalMs;
    times.set(key, entry);
    visit.push({ node, leaves: true });
    for (const child of node.children) visit.push({ node: child, leaves: false });
  }
  times.delete(`${root.name}\n${root.url}\n${root.line}`);
  return [...times.values()].sort((one, other) => other.selfMs - one.selfMs);
}

/** The file and the line of a function, short: the last two parts of the path. */
export function placeOf({ url, line }: ProfiledFunction): string {
  if (url === '') return '';
  const path = url.startsWith('node:') ? url : url.split('/').slice(-2).join('/');
  return line > 0 ? `${path}:${line}` : path;
}
