import type { Behaviour, Case } from './behaviour.ts';
import type { Observation } from './observe.ts';

/** Puts cases into one package, so that they cost one process. Each event names its case. */
export function together(
  name: string,
  cases: readonly Case[],
  { streams = false, env }: { readonly streams?: boolean; readonly env?: Behaviour['env'] } = {},
): Behaviour {
  const parameters = streams ? 'event, stream, context' : 'event, context';
  const functions = cases.map(
    (each) => `${JSON.stringify(each.name)}: async (${parameters}) => {\n${each.body}\n},\n`,
  );
  const handler = `(${parameters}) => cases[event.case](${parameters})`;
  return {
    name,
    files: `const cases = {\n${functions.join('')}};\nexport const handler = ${streams ? `awslambda.streamifyResponse(${handler})` : handler};\n`,
    events: cases.map((each) => ({
      timeoutMs: TIMEOUT_MS,
      ...each.event,
      body: JSON.stringify({ case: each.name }),
    })),
    cases,
    ...(env !== undefined && { env }),
  };
}

/** Long enough for an answer, short for what is never answered. */
const TIMEOUT_MS = 4_000;

/** What of a behaviour has a name that matches; undefined if nothing does. */
export function matching(behaviour: Behaviour, pattern: RegExp): Behaviour | undefined {
  const { name, events = [], cases } = behaviour;
  if (pattern.test(name)) return behaviour;
  const chosen = cases?.map((each) => pattern.test(each.name)) ?? [];
  if (!chosen.includes(true)) return undefined;
  return {
    ...behaviour,
    events: events.filter((_, index) => chosen[index]),
    cases: cases?.filter((_, index) => chosen[index]) ?? [],
  };
}

/** What was observed of each case, by the request ids; what remains is the process's own. */
export function apart(
  { name, cases = [] }: Behaviour,
  { answers, log, ...rest }: Observation,
): ReadonlyMap<string, Observation> {
  if (cases.length === 0) return new Map([[name, { answers, log, ...rest }]]);
  const seen = new Map<string, Observation>();
  const ids = cases.map((_, index) => requestIdOf(index));
  for (const [index, each] of cases.entries()) {
    seen.set(each.name, {
      answers: answers.slice(index, index + 1),
      log: log.filter(({ requestId }) => requestId === ids[index]),
      initErrors: [],
      exit: 'serves',
    });
  }
  return seen.set(name, {
    answers: [],
    log: log.filter(({ requestId }) => !ids.includes(String(requestId))),
    ...rest,
  });
}

/** The id of the event at a place. Fixed ids need no normalising. */
export function requestIdOf(index: number): string {
  return `00000000-0000-4000-8000-${String(index + 1).padStart(12, '0')}`;
}
