import { inspect } from 'node:util';
import { LAYOUTS } from './behaviour.ts';
import type { Difference } from './compare.ts';
import type { Findings, Group } from './group.ts';
import type { Reason } from './reasons/reason.ts';

/** What is told at the end of a run. */
export function report({ unexplained, explained }: Findings, { all }: { readonly all: boolean }): string {
  const parts: string[] = [];
  if (all) for (const [reason, differences] of explained) parts.push(...explainedPart(reason, differences));
  for (const [index, group] of unexplained.entries()) parts.push(groupPart(group, index + 1));
  const withReason = [...explained.values()].flat().length;
  const without = unexplained.flatMap(({ differences }) => differences).length;
  parts.push(
    `${withReason} differences have a reason. ${without === 0 ? 'None is without one.' : `${without} differences, of ${unexplained.length} kinds, have none.`}`,
  );
  return parts.join('\n\n');
}

function explainedPart({ what, why }: Reason, differences: readonly Difference[]): string[] {
  return differences.length === 0 ? [] : [`✓ ${what}: ${why}\n${places(differences)}`];
}

/** Behaviours shown of a group with their values. */
const EXAMPLES = 3;

function groupPart({ at, ours, theirs, differences }: Group, number: number): string {
  const examples = byBehaviour(differences).slice(0, EXAMPLES);
  return [
    `${number}. ${at}: ${kindOf(ours, theirs)}`,
    ...examples.flatMap(([behaviour, [first]]) =>
      first === undefined
        ? []
        : [
            `   ${behaviour} (${first.layout})`,
            `     ours:  ${shown(first.ours)}`,
            `     AWS's: ${shown(first.theirs)}`,
          ],
    ),
    places(differences),
  ].join('\n');
}

function kindOf(ours: string, theirs: string): string {
  if (ours === 'absent') return `only AWS's client has ${theirs}`;
  if (theirs === 'absent') return `only this runtime has ${ours}`;
  return ours === theirs ? `${ours}, another one` : `${ours} in place of ${theirs}`;
}

/** All behaviours, with their layouts where it is not seen in all. */
function places(differences: readonly Difference[]): string {
  const list = byBehaviour(differences).map(([behaviour, of]) => {
    const layouts = new Set(of.map(({ layout }) => layout));
    return layouts.size === LAYOUTS.length ? behaviour : `${behaviour} (${[...layouts].join(', ')})`;
  });
  return `   in ${list.length === 1 ? 'one behaviour' : `${list.length} behaviours`}: ${list.join('; ')}`;
}

function byBehaviour(differences: readonly Difference[]): [string, Difference[]][] {
  return [...Map.groupBy(differences, ({ behaviour }) => behaviour)];
}

function shown(value: unknown): string {
  if (value === undefined) return '—';
  const text = inspect(value, { depth: 6, breakLength: Infinity, maxStringLength: 300, maxArrayLength: 10 });
  return text.length > 600 ? `${text.slice(0, 600)}…` : text;
}
