import type { Difference } from './compare.ts';
import { REASONS } from './reasons/all.ts';
import type { Reason } from './reasons/reason.ts';

/** Differences of one kind: at the same place, with values of the same form. */
export interface Group {
  readonly at: string;
  readonly ours: string;
  readonly theirs: string;
  readonly differences: readonly Difference[];
}

/** What the run has found, by reasons. */
export interface Findings {
  /** Without a reason, the most frequent kind first. */
  readonly unexplained: readonly Group[];
  readonly explained: ReadonlyMap<Reason, readonly Difference[]>;
}

export function groupDifferences(differences: readonly Difference[]): Findings {
  const explained = new Map<Reason, Difference[]>(REASONS.map((reason) => [reason, []]));
  const groups = new Map<string, Group & { readonly differences: Difference[] }>();
  for (const difference of differences) {
    const reason = REASONS.find(({ covers }) => covers(difference));
    if (reason !== undefined) {
      explained.get(reason)?.push(difference);
      continue;
    }
    const { at } = difference;
    const [ours, theirs] = [formOf(difference.ours), formOf(difference.theirs)];
    const key = JSON.stringify([at, ours, theirs]);
    const group = groups.get(key) ?? { at, ours, theirs, differences: [] };
    group.differences.push(difference);
    groups.set(key, group);
  }
  const unexplained = [...groups.values()].sort((a, b) => b.differences.length - a.differences.length);
  return { unexplained, explained };
}

/** The form of a value: what several differences have in common that do not have the same values. */
function formOf(value: unknown): string {
  if (value === undefined) return 'absent';
  if (value === null || typeof value !== 'object') return typeof value === 'string' ? 'text' : String(value);
  if (Array.isArray(value)) return 'a list';
  const { level, message, code, signal, status } = value as Readonly<Record<string, unknown>>;
  if (code !== undefined && signal !== undefined) return JSON.stringify(value);
  if (status !== undefined) return `the status ${String(status)}`;
  if (level === undefined) return `{ ${Object.keys(value).join(', ')} }`;
  return `a line of the level ${String(level)}${typeof message === 'string' ? `: ${message.slice(0, 60)}` : ''}`;
}
