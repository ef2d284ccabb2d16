import { endReasons } from './ends.ts';
import { errorReasons } from './errors.ts';
import { handlerReasons } from './handlers.ts';
import { logReasons } from './logs.ts';
import type { Reason } from './reason.ts';
import { startReasons } from './starts.ts';
import { streamReasons } from './streams.ts';

/** In the order of the table. The first that covers a difference counts. */
export const REASONS: readonly Reason[] = [
  ...handlerReasons,
  ...errorReasons,
  ...streamReasons,
  ...endReasons,
  ...logReasons,
  ...startReasons,
];
