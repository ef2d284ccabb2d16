import type { Fault, FaultPlan, FaultPoint } from '../../src/local/runtime-api/faults.ts';

const ANYWHERE: readonly Fault[] = [
  { type: 'refuse' },
  { type: 'reset-before' },
  { type: 'status', status: 500 },
  { type: 'status', status: 503 },
  { type: 'garbage' },
  { type: 'delay', ms: 50 },
];
const OF_ANSWERS: readonly Fault[] = [...ANYWHERE, { type: 'reset-during' }, { type: 'reset-after' }];
/** Faults that damage the event but not its headers. The caller must still get an error. */
const OF_POLLS: readonly Fault[] = [...ANYWHERE, { type: 'truncated-body' }];

/** Injects a fault into a request from time to time. Returns a function that stops it. */
export function injectFaults(faults: FaultPlan, random: () => number): () => void {
  let timer: NodeJS.Timeout;
  const raise = () => {
    const point = draw<FaultPoint>(['next', 'response', 'response', 'error'], random);
    if (faults.pending < 5) faults.once(point, draw(point === 'next' ? OF_POLLS : OF_ANSWERS, random));
    timer = setTimeout(raise, 50 + random() * 200);
  };
  raise();
  return () => {
    clearTimeout(timer);
    faults.clear();
  };
}

function draw<Item>(items: readonly Item[], random: () => number): Item {
  return items[Math.floor(random() * items.length)] as Item;
}
