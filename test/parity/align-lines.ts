import { isDeepStrictEqual } from 'node:util';
import type { LogLine } from './log-lines.ts';

type Pair = readonly [ours: LogLine | undefined, theirs: LogLine | undefined];

/** Puts the lines of two logs side by side, in their order, so that as little as possible differs. */
export function alignLines(ours: readonly LogLine[], theirs: readonly LogLine[]): readonly Pair[] {
  // costs[i][j]: of the lines from i and j on.
  const costs = Array.from({ length: ours.length + 1 }, () => Array.from(theirs, () => 0).concat(0));
  const costOf = (i: number, j: number): number => costs[i]?.[j] ?? Infinity;
  for (let i = ours.length; i >= 0; i -= 1) {
    for (let j = theirs.length; j >= 0; j -= 1) {
      const row = costs[i];
      if (row === undefined || (i === ours.length && j === theirs.length)) continue;
      row[j] = Math.min(
        costOf(i + 1, j) + 1,
        costOf(i, j + 1) + 1,
        costOf(i + 1, j + 1) + unlike(ours[i], theirs[j]),
      );
    }
  }
  const pairs: Pair[] = [];
  let i = 0;
  let j = 0;
  while (i < ours.length || j < theirs.length) {
    if (costOf(i, j) === costOf(i + 1, j + 1) + unlike(ours[i], theirs[j]))
      pairs.push([ours[i++], theirs[j++]]);
    else if (costOf(i, j) === costOf(i + 1, j) + 1) pairs.push([ours[i++], undefined]);
    else pairs.push([undefined, theirs[j++]]);
  }
  return pairs;
}

/** From 0 for equal lines to less than 2 for a pair; infinite for lines that tell of different things. */
function unlike(ours: LogLine | undefined, theirs: LogLine | undefined): number {
  if (ours === undefined || theirs === undefined) return Infinity;
  if (isDeepStrictEqual(ours, theirs)) return 0;
  if (ours.to !== theirs.to || OWN_LINES.has(String(ours.message))) return Infinity;
  const differing = (['level', 'requestId', 'message'] as const).filter(
    (field) => !isDeepStrictEqual(ours[field], theirs[field]),
  );
  return differing.length === 3 ? Infinity : 0.1 + differing.length * 0.5;
}

/** Lines of this runtime that AWS's client has no counterpart of. */
const OWN_LINES: ReadonlySet<string> = new Set([
  'The runtime is ready',
  'Invocation ended',
  'Uncaught error in a handler',
]);
