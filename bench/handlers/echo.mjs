/** Returns the event. */
export const handler = async (event) => event;
