interface Event {
  readonly n: number;
}

/** The comment moves the lines, so that a position shows whether the map was used. */
export const handler = async (event: Event): Promise<never> => {
  throw new Error(`failure of ${event.n}`);
};
