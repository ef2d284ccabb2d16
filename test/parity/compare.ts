import { isDeepStrictEqual } from 'node:util';
import type { LayoutName } from './behaviour.ts';
import type { LogLine } from './log-lines.ts';
import { alignLines } from './align-lines.ts';
import type { Observation } from './observe.ts';

/** One thing in which the two contenders differ. What one of them has not is undefined. */
export interface Difference {
  readonly behaviour: string;
  readonly layout: LayoutName;
  /** Where it is seen: `answer.body.errorType`, `log.level`, `log` for a whole line. Without positions in lists. */
  readonly at: string;
  readonly ours: unknown;
  readonly theirs: unknown;
}

/** All differences of two observations of the same behaviour. */
export function compare(
  behaviour: string,
  layout: LayoutName,
  ours: Observation,
  theirs: Observation,
): readonly Difference[] {
  const found: Difference[] = [];
  const add: Add = (at, a, b) => found.push({ behaviour, layout, at, ours: a, theirs: b });
  for (const [a, b] of inPairs(ours.answers, theirs.answers)) {
    // One that answers and one that does not differ in this, not in each of the fields.
    if (a?.status !== b?.status) add('answer', a, b);
    else compareValues('answer', a, b, add);
  }
  for (const [a, b] of inPairs(ours.initErrors, theirs.initErrors)) compareValues('initError', a, b, add);
  compareLogs(ours.log, theirs.log, add);
  if (!isDeepStrictEqual(ours.exit, theirs.exit)) add('exit', ours.exit, theirs.exit);
  return found;
}

type Add = (at: string, ours: unknown, theirs: unknown) => void;

function inPairs<Value>(
  ours: readonly Value[],
  theirs: readonly Value[],
): [Value | undefined, Value | undefined][] {
  return Array.from({ length: Math.max(ours.length, theirs.length) }, (_, index) => [
    ours[index],
    theirs[index],
  ]);
}

function compareLogs(ours: readonly LogLine[], theirs: readonly LogLine[], add: Add): void {
  for (const [a, b] of alignLines(ours, theirs)) compareValues('log', a, b, add);
}

/** Down to the members of objects; lists count as one value, lists of objects with equal length do not. */
function compareValues(at: string, ours: unknown, theirs: unknown, add: Add): void {
  if (isDeepStrictEqual(ours, theirs)) return;
  if (isRecord(ours) && isRecord(theirs)) {
    for (const key of new Set([...Object.keys(ours), ...Object.keys(theirs)])) {
      compareValues(`${at}.${key}`, ours[key], theirs[key], add);
    }
  } else if (isRecordList(ours) && isRecordList(theirs) && ours.length === theirs.length) {
    for (const [index, value] of ours.entries()) compareValues(`${at}[]`, value, theirs[index], add);
  } else {
    add(at, ours, theirs);
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isRecordList(value: unknown): value is readonly Record<string, unknown>[] {
  return Array.isArray(value) && value.every(isRecord);
}
