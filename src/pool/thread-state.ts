/**
 * The state of a thread; docs/architecture.md has the state diagram.
 *
 * - `starting`: the thread loads the handler.
 * - `ready`: the thread takes invocations.
 * - `retiring`: the thread takes no more invocations; the invocations that it holds may finish.
 * - `ending`: the thread ends itself as soon as none of its native work is in flight. When the thread enters this state, the
 *   pool fails the invocations that the thread still holds.
 * - `ended`: the thread is no longer used; the pool fails the invocations that it still held.
 */
export type ThreadState = 'starting' | 'ready' | 'retiring' | 'ending' | 'ended';

const NEXT: Readonly<Record<ThreadState, readonly ThreadState[]>> = {
  starting: ['ready', 'ending', 'ended'],
  ready: ['retiring', 'ended'],
  retiring: ['ending', 'ended'],
  ending: ['ended'],
  ended: [],
};

/** Throws if the transition is illegal. */
export function assertTransition(from: ThreadState, to: ThreadState): void {
  if (!NEXT[from].includes(to)) throw new Error(`A thread that is ${from} cannot become ${to}.`);
}
