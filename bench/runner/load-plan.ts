import type { Body, LoadPlan } from '../load/protocol.ts';
import type { Event, Load, Scenario, Sized, WorkClass } from '../scenarios/scenario.ts';

/** The size of the run and the speed of the machine, which determine a scenario's load. */
export interface Scale {
  readonly size: keyof Sized;
  readonly iterationsPerMs: number;
  readonly cores: number;
}

/** Returns the measured load. Arrival times differ between rounds, but not between contenders of a round. */
export function measuredPlan({ load, slots }: Scenario, scale: Scale, round: number): LoadPlan {
  switch (load.kind) {
    case 'saturation':
      return {
        kind: 'saturation',
        body: bodyOf(load.event, scale),
        until: sized(load.extent, scale),
        ...(load.limited === true ? { inFlightAtMost: slots } : {}),
      };
    case 'poisson':
      return poisson(load, scale, load.seconds[scale.size], round);
    case 'starts':
      throw new Error('A start scenario has no load.');
  }
}

/** Returns the warm-up load, which compiles code and grows pools. Undefined for scenarios that measure everything. */
export function warmUpPlan(load: Load, scale: Scale): LoadPlan | undefined {
  switch (load.kind) {
    case 'saturation':
      return 'events' in load.extent
        ? undefined
        : {
            kind: 'saturation',
            body: bodyOf(load.event, scale),
            until: {
              seconds: load.warmUpSeconds?.[scale.size] ?? Math.max(1, load.extent.seconds[scale.size] / 4),
            },
          };
    case 'poisson':
      return poisson(load, scale, load.seconds[scale.size] / 5, -1);
    case 'starts':
      return undefined;
  }
}

/** Converts CPU time into iterations of work. */
export function iterationsFor(cpuMs: number, { iterationsPerMs }: Scale): number {
  return Math.round(cpuMs * iterationsPerMs);
}

function poisson(
  { load, classes }: Extract<Load, { kind: 'poisson' }>,
  scale: Scale,
  seconds: number,
  round: number,
): LoadPlan {
  const meanMs = classes.reduce((sum, { share, cpuMs }) => sum + share * cpuMs, 0);
  return {
    kind: 'poisson',
    perSecond: (load * scale.cores * 1000) / meanMs,
    seconds,
    seed: 4_711 + round,
    classes: classes.map((each) => ({ name: each.name, share: each.share, body: workBody(each, scale) })),
  };
}

function bodyOf(event: Event, scale: Scale): Body {
  switch (event.kind) {
    case 'json':
      return { kind: 'json', text: JSON.stringify(event.value) };
    case 'filled':
      return { kind: 'filled', bytes: event.bytes };
    case 'cpu':
      return workBody(event, scale);
  }
}

function workBody({ cpuMs }: Pick<WorkClass, 'cpuMs'>, scale: Scale): Body {
  return { kind: 'json', text: JSON.stringify({ iterations: iterationsFor(cpuMs, scale) }) };
}

function sized(extent: Extract<Load, { kind: 'saturation' }>['extent'], { size }: Scale) {
  return 'events' in extent ? { events: extent.events[size] } : { seconds: extent.seconds[size] };
}
