import type * as v from 'valibot';

type Schema = v.GenericSchema & {
  readonly wrapped?: Schema;
  readonly pipe?: readonly (Schema & { readonly requirement?: unknown })[];
  readonly options?: readonly unknown[];
  readonly entries?: Readonly<Record<string, Schema>>;
};

/** The valid values of a schema, in words. Empty if the type says everything. */
export function validValues(schema: v.GenericSchema): string {
  const { wrapped, pipe, options, entries, type } = schema as Schema;
  if (wrapped !== undefined) return validValues(wrapped);
  if (type === 'picklist') return (options ?? []).map((option) => `\`${String(option)}\``).join(', ');
  if (type === 'boolean') return '`true`, `false`';
  if (type === 'union') return ((options ?? []) as Schema[]).map(validValues).filter(Boolean).join(', ');
  if (entries !== undefined) {
    return Object.entries(entries)
      .map(([name, entry]) => `\`${name}\`: ${validValues(entry)}`)
      .join('; ');
  }
  const limit = (kind: string) => pipe?.find((action) => (action.type as string) === kind)?.requirement;
  const least = limit('min_value');
  const most = limit('max_value');
  const list = pipe?.find((action) => action.type === 'picklist');
  if (list !== undefined) return validValues(list);
  if (typeof least !== 'number') return typeof most === 'number' ? `0 to ${shown(most)}` : '';
  return typeof most === 'number' && most < Number.MAX_SAFE_INTEGER
    ? `${shown(least)} to ${shown(most)}`
    : `${shown(least)} or more`;
}

function shown(value: number): string {
  return value.toLocaleString('en-US');
}
