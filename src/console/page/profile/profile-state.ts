import { computed, signal } from '@preact/signals';
import { callTree } from '../../../profiling/call-tree.ts';
import type { CallTreeNode } from '../../../profiling/call-tree.ts';
import type { NamedProfile, ProfileResult } from '../../messages.ts';
import { takeProfile } from '../state/server.ts';

export const SECONDS = 5;

/** Whether a profile is being taken. */
export const isProfiling = signal(false);
/** Why the last profile failed; empty if it did not. */
export const failure = signal('');
export const result = signal<ProfileResult | undefined>(undefined);
/** The name of the thread whose profile is shown; {@link ALL} for all threads. */
export const shownThread = signal('');
/** Functions whose name or file contains this text are highlighted. */
export const search = signal('');

/** The value of {@link shownThread} for all threads. */
export const ALL = '';

/** The profiles of the shown threads. */
export const shownProfiles = computed<readonly NamedProfile[]>(() => {
  const all = result.value?.profiles ?? [];
  return shownThread.value === ALL ? all : all.filter(({ name }) => name === shownThread.value);
});

export const tree = computed<CallTreeNode>(() => callTree(shownProfiles.value.map(({ profile }) => profile)));

/** The node that fills the width; undefined for the root. */
export const zoomed = signal<CallTreeNode | undefined>(undefined);

/** Takes a profile of all threads. */
export async function profile(): Promise<void> {
  isProfiling.value = true;
  failure.value = '';
  try {
    result.value = await takeProfile({ seconds: SECONDS });
    show(ALL);
  } catch (error) {
    failure.value = (error as Error).message;
  }
  isProfiling.value = false;
}

export function show(thread: string): void {
  zoomed.value = undefined;
  shownThread.value = thread;
}

/** Whether the search finds a function. */
export function isFound({ name, url }: { readonly name: string; readonly url: string }): boolean {
  const text = search.value.trim().toLowerCase();
  return text !== '' && (name.toLowerCase().includes(text) || url.toLowerCase().includes(text));
}

/** The share of the time in functions that the search finds, 0 to 1. Time in a found function's callees counts once. */
export function foundPart(root: CallTreeNode): number {
  let foundMs = 0;
  const open = [root];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if (isFound(node)) foundMs += node.totalMs;
    else open.push(...node.children);
  }
  return root.totalMs === 0 ? 0 : foundMs / root.totalMs;
}

/** Saves the shown profiles as `.cpuprofile` files. */
export function download(): void {
  for (const { name, profile: content } of shownProfiles.value) {
    const link = document.createElement('a');
    link.href = URL.createObjectURL(new Blob([JSON.stringify(content)], { type: 'application/json' }));
    link.download = `${name}.cpuprofile`;
    link.click();
    // The browser reads the blob after the click.
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  }
}
