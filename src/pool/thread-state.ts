/**
 * Where a thread is in its life; docs/lifecycle.md draws it.
 *
 * - `starting`: it loads the handler.
 * - `ready`: it takes invocations.
 * - `retiring`: it takes no more; those that it holds may finish.
 * - `ending`: it holds none, and ends itself as soon as no native work of it is in flight.
 * - `ended`: it is given up; what was left is answered.
 */
export type ThreadState = 'starting' | 'ready' | 'retiring' | 'ending' | 'ended';

const NEXT: Readonly<Record<ThreadState, readonly ThreadState[]>> = {
  starting: ['ready', 'ending', 'ended'],
  ready: ['retiring', 'ended'],
  retiring: ['ending', 'ended'],
  ending: ['ended'],
  ended: [],
};

/** Throws unless a thread may go from one state to the other. */
export function assertTransition(from: ThreadState, to: ThreadState): void {
  if (!NEXT[from].includes(to)) throw new Error(`A thread that is ${from} cannot become ${to}.`);
}
