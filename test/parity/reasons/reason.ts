import type { LayoutName } from '../behaviour.ts';
import type { Difference } from '../compare.ts';

/** Why a kind of difference stands: a row in docs/migrating.md. The texts are Markdown. */
export interface Reason {
  readonly what: string;
  readonly theirs: string;
  readonly ours: string;
  readonly why: string;
  readonly covers: (difference: Difference) => boolean;
}

/** What a difference must be like to be covered. What is left out does not matter. */
export interface Pattern {
  /** Where it is seen, the whole of it. */
  readonly at?: RegExp;
  /** The behaviour's name, or a part of it. */
  readonly in?: RegExp;
  readonly layouts?: readonly LayoutName[];
  /** Holds of this runtime's value. */
  readonly ours?: Test;
  readonly theirs?: Test;
}

/** A RegExp is held against the JSON of the value. */
type Test = RegExp | ((value: unknown) => boolean);

/** Differences that are like one of the patterns. */
export function like(...patterns: readonly Pattern[]): Reason['covers'] {
  return (difference) => patterns.some((pattern) => matches(pattern, difference));
}

export const absent: Test = (value) => value === undefined;
export const present: Test = (value) => value !== undefined;

function matches(pattern: Pattern, { at, behaviour, layout, ours, theirs }: Difference): boolean {
  return (
    (pattern.at === undefined || new RegExp(`^(?:${pattern.at.source})$`).test(at)) &&
    (pattern.in?.test(behaviour) ?? true) &&
    (pattern.layouts?.includes(layout) ?? true) &&
    holds(pattern.ours, ours) &&
    holds(pattern.theirs, theirs)
  );
}

function holds(test: Test | undefined, value: unknown): boolean {
  if (test === undefined) return true;
  return test instanceof RegExp ? test.test(JSON.stringify(value) ?? '') : test(value);
}
