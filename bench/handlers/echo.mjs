/** Gives back what it was given. */
export const handler = async (event) => event;
