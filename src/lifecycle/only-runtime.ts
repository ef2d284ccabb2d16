import { ManagedRuntimeError } from '../errors.ts';

/** One runtime may run in a process at a time: each would take the other's events and signals. */
export function claimProcess(): () => void {
  if (holder[KEY] === true) {
    throw new ManagedRuntimeError(
      'ALREADY_RUNNING',
      'Another managed runtime is running in this process. Stop it before you run this one.',
    );
  }
  holder[KEY] = true;
  return () => {
    holder[KEY] = false;
  };
}

/** Holds for all copies of this package in the process. */
const KEY = Symbol.for('lambda-managed-runtime.running');
const holder = globalThis as { [KEY]?: boolean };
