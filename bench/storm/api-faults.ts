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
/** The event is damaged, but its headers have arrived: its caller must hear of it. */
const OF_POLLS: readonly Fault[] = [...ANYWHERE, { type: 'truncated-body' }];

/** Lets one request in a while go wrong. Returns what stops it. */
export function raiseFaults(faults: FaultPlan, random: () => number): () => void {
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
