import type { Difference } from './compare.ts';

/** Why a kind of difference stands: a row of the table in docs/migrating.md. */
export interface Reason {
  /** What a user would look for, in Markdown, as the three that follow. */
  readonly what: string;
  readonly theirs: string;
  readonly ours: string;
  readonly why: string;
  readonly covers: (difference: Difference) => boolean;
}

export const REASONS: readonly Reason[] = [];
