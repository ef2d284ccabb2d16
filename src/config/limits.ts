/** Most invocations at once in an execution environment, as Lambda has it. */
export const MOST_CONCURRENCY = 1600;

/** Far more than any function can have. */
export const MOST_MEMORY_MIB = 1_048_576;

/** The longest timeout of a function, in s: 90 minutes, for asynchronous invocations and event sources. */
export const MOST_TIMEOUT_S = 5_400;
