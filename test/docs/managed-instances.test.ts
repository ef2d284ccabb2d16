import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { FUNCTIONS, GIB_PER_VCPU } from '../../examples/deploy/functions.ts';

const page = readFileSync(new URL('../../docs/managed-instances.md', import.meta.url), 'utf8');

/** The instances whose prices the page states, the smallest first. */
const INSTANCES = [
  ...page.replaceAll(/\s+/g, ' ').matchAll(/(c7g\.\w+) ([\d.]+) USD \((\d+)(?: vCPUs)?, (\d+) GiB\)/g),
].map(([, name = '', price, vCpus, memory]) => ({
  name,
  price: Number(price),
  vCpus: Number(vCpus),
  memoryGiB: Number(memory),
}));

/** The smallest instance for an environment, or for several. The operating system takes 1 vCPU and 1 GiB. */
function instanceFor(vCpus: number, memoryGiB: number) {
  const fitting = INSTANCES.find((one) => one.vCpus - 1 >= vCpus && one.memoryGiB - 1 >= memoryGiB);
  if (fitting === undefined) throw new Error(`The page has no instance with ${vCpus} free vCPUs.`);
  const usdPerMonth = 3 * fitting.price * 1.15 * 730;
  return { name: fitting.name, usdPerMonth };
}

it.each(FUNCTIONS)(
  'docs/managed-instances.md states the size and cost of three idle environments of $name',
  ({ name, memorySize }) => {
    const row = page.split('\n').find((line) => line.startsWith(`| ${name} `));
    const vCPUs = memorySize / 1024 / GIB_PER_VCPU;
    const instance = instanceFor(vCPUs, memorySize / 1024);
    expect(row?.split('|').map((cell) => cell.trim())).toEqual([
      '',
      name,
      `${memorySize.toLocaleString('en')} MiB`,
      String(vCPUs),
      String(3 * vCPUs),
      instance.name,
      instance.usdPerMonth.toFixed(0),
      '',
    ]);
  },
);

it('docs/managed-instances.md states the total cost of all functions', () => {
  const memoryGiB = FUNCTIONS.reduce((sum, { memorySize }) => sum + memorySize / 1024, 0);
  const vCPUs = memoryGiB / GIB_PER_VCPU;
  const { name, usdPerMonth } = instanceFor(vCPUs, memoryGiB);
  expect(page.replaceAll(/\s+/g, ' ')).toContain(
    `${3 * vCPUs} vCPUs, ${vCPUs} in each zone: three ${name}, ${Math.round(usdPerMonth).toLocaleString('en')} USD a month, **${((usdPerMonth / 730) * 24).toFixed(0)} USD for each day`,
  );
});
