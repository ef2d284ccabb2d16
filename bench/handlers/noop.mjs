/** Answers at once. */
export const handler = async () => ({ ok: true });
