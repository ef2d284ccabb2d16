import { endReasons } from './ends.ts';
import { errorReasons } from './errors.ts';
import { handlerReasons } from './handlers.ts';
import { logReasons } from './logs.ts';
import type { Reason } from './reason.ts';
import { startReasons } from './starts.ts';
import { streamReasons } from './streams.ts';

/** A table in docs/migrating.md. */
interface Section {
  readonly title: string;
  readonly reasons: readonly Reason[];
}

/** In the order of the page. */
export const SECTIONS: readonly Section[] = [
  { title: 'Events, context and results', reasons: handlerReasons },
  { title: 'Errors', reasons: errorReasons },
  { title: 'Streamed responses', reasons: streamReasons },
  { title: 'How invocations and processes end', reasons: endReasons },
  { title: 'Log lines', reasons: logReasons },
  { title: 'Starting', reasons: startReasons },
];

/** The first that covers a difference counts. */
export const REASONS: readonly Reason[] = SECTIONS.flatMap(({ reasons }) => reasons);
