import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { FUNCTIONS, GIB_PER_VCPU } from '../../examples/deploy/functions.ts';

const page = readFileSync(new URL('../../docs/managed-instances.md', import.meta.url), 'utf8');

it.each(FUNCTIONS)(
  'docs/managed-instances.md has what three idle environments of $name take',
  ({ name, memorySize }) => {
    const row = page.split('\n').find((line) => line.startsWith(`| ${name} `));
    const vCPUs = memorySize / 1024 / GIB_PER_VCPU;
    expect(row?.split('|').map((cell) => cell.trim())).toEqual([
      '',
      name,
      `${memorySize.toLocaleString('en')} MiB`,
      String(vCPUs),
      String(3 * vCPUs),
      '',
    ]);
  },
);
