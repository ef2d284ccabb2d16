import { availableParallelism } from 'node:os';
import Table from 'cli-table3';
import type { Measurement } from './run-configuration.ts';

/** Formats the measurements as a table, with a one-sentence conclusion. */
export function report(one: Measurement, many: Measurement): string {
  const table = new Table({
    head: ['slots', 'events', 'wall time', 'events/s', 'share of each thread'],
    colAligns: ['right', 'right', 'right', 'right', 'left'],
    style: { head: [], border: [] },
  });
  table.push(row(one), row(many));
  const speedUp = (one.wallMs / many.wallMs).toFixed(2);
  return (
    `${table.toString()}\n` +
    `${many.slots} slots were ${speedUp} times as fast as one, on ${availableParallelism()} CPUs.\n`
  );
}

function row({ slots, events, wallMs, answersByThread }: Measurement): string[] {
  const seconds = wallMs / 1000;
  const shares = [...answersByThread]
    .toSorted(([a], [b]) => a - b)
    .map(([thread, answers]) => `${threadName(thread)} ${Math.round((100 * answers) / events)} %`);
  return [
    String(slots),
    String(events),
    `${seconds.toFixed(2)} s`,
    (events / seconds).toFixed(2),
    shares.join(', '),
  ];
}

function threadName(thread: number): string {
  return thread === 0 ? 'main' : `#${thread}`;
}
