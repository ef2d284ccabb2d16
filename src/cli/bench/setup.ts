/** How the runtime is set up while it is measured. */
export interface Setup {
  /** Invocations at once. */
  readonly slots: number;
  readonly threads: number;
}

/** As a runtime takes it: its slots are spread over the threads. */
export function invocationsPerThread({ slots, threads }: Setup): number {
  return Math.ceil(slots / threads);
}

/** Whether invocations share threads. */
export function isShared(setup: Setup): boolean {
  return setup.slots > setup.threads;
}

/** `4 slots`, or `128 slots on 2 threads`. */
export function named(setup: Setup): string {
  const slots = `${setup.slots} ${setup.slots === 1 ? 'slot' : 'slots'}`;
  return isShared(setup)
    ? `${slots} on ${setup.threads} ${setup.threads === 1 ? 'thread' : 'threads'}`
    : slots;
}
