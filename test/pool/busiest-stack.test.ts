/** Where a thread spent its time, from profiles of a few nodes. */
import { describe, expect, it } from 'vitest';
import { busiestStack, codeOfUser, firstStack, functionSamples } from '../../src/pool/busiest-stack.ts';
import type { StackFrame } from '../../src/pool/busiest-stack.ts';
import type { CpuProfile, CpuProfileNode } from '../../src/pool/cpu-profile.ts';

interface Node {
  readonly name: string;
  readonly url?: string;
  readonly hits?: number;
  readonly lines?: Readonly<Record<number, number>>;
  readonly calls?: readonly Node[];
}

const ALL = Infinity;
const FILE = 'file:///task/index.mjs';

/** Each function begins in line 10. The first sample is of the node named `first`. */
function profile(nodes: readonly Node[], first?: string): CpuProfile {
  const flat: CpuProfileNode[] = [];
  const samples: number[] = [];
  const add = ({ name, url = FILE, hits = 0, lines = {}, calls = [] }: Node): number => {
    const id = flat.length + 1;
    const node = {
      id,
      callFrame: { functionName: name, url, lineNumber: 9, columnNumber: 4 },
      hitCount: hits,
      children: [] as number[],
      positionTicks: Object.entries(lines).map(([line, ticks]) => ({ line: Number(line), ticks })),
    };
    flat.push(node);
    samples.push(...Array.from({ length: hits }, () => id));
    if (name === first) samples.unshift(id);
    node.children.push(...calls.map(add));
    return id;
  };
  add({ name: '(root)', url: '', calls: nodes });
  return { nodes: flat, samples, startTime: 0, endTime: 0, timeDeltas: samples.map(() => 1_000) };
}

const idle = (hits: number): Node => ({ name: '(idle)', url: '', hits });
const names = (stack: readonly StackFrame[]) => stack.map(({ functionName }) => functionName);

describe('the busiest stack', () => {
  it('begins with the function that ran, at the line that ran most', () => {
    const crunch = { name: 'crunch', hits: 40, lines: { 12: 10, 13: 30 } };
    const { nodes, ...rest } = profile([{ name: 'handler', calls: [crunch, { name: 'log', hits: 5 }] }]);
    expect(busiestStack({ nodes, ...rest }, ALL)).toEqual([
      { functionName: 'crunch', url: FILE, line: 13, column: undefined },
      { functionName: 'handler', url: FILE, line: 10, column: 5 },
    ]);
  });

  it('merges all calls of a recursive function to find its line', () => {
    const calls = [{ 12: 10 }, { 14: 10 }, { 12: 6, 14: 4 }].map((lines) => ({
      name: 'walk',
      hits: 10,
      lines,
    }));
    const [innermost] = busiestStack(profile([{ name: 'handler', calls: [{ name: 'walk', calls }] }]), ALL);
    expect(innermost).toMatchObject({ functionName: 'walk', line: 12 });
  });

  it('has a line of the body, although V8 counts each call at the first line', () => {
    const [short] = busiestStack(profile([{ name: 'short', hits: 9, lines: { 10: 8, 11: 1 } }]), ALL);
    expect(short).toMatchObject({ functionName: 'short', line: 11 });
    const [oneLine] = busiestStack(profile([{ name: 'oneLine', hits: 9, lines: { 10: 9 } }]), ALL);
    expect(oneLine).toMatchObject({ functionName: 'oneLine', line: 10 });
  });

  it('is that of the functions, even if the garbage collector ran longer', () => {
    const collector = { name: '(garbage collector)', url: '', hits: 15 };
    expect(names(busiestStack(profile([collector, { name: 'crunch', hits: 1 }]), ALL))).toEqual(['crunch']);
    expect(busiestStack(profile([collector]), ALL)).toEqual([]);
  });

  it('is rated by samples of functions, not of idle time or the garbage collector', () => {
    const collector = { name: '(garbage collector)', url: '', hits: 15 };
    expect(functionSamples(profile([idle(3), collector, { name: 'crunch', hits: 2 }]))).toBe(2);
  });

  it('ends at a function whose callees each took less than half of the time', () => {
    const calls = ['a', 'b', 'c'].map((name) => ({ name, hits: 10 }));
    expect(
      names(busiestStack(profile([{ name: 'handler', calls: [{ name: 'crunch', calls }] }]), ALL)),
    ).toEqual(['crunch', 'handler']);
  });

  it('is empty if the thread was idle for most of the time, or ran nothing', () => {
    expect(busiestStack(profile([idle(40), { name: 'tick', hits: 3 }]), ALL)).toEqual([]);
    expect(busiestStack(profile([idle(40)]), ALL)).toEqual([]);
    expect(busiestStack(profile([]), ALL)).toEqual([]);
    expect(busiestStack({ nodes: [], samples: [], startTime: 0, endTime: 0, timeDeltas: [] }, ALL)).toEqual(
      [],
    );
  });

  it('covers only the last samples', () => {
    const taken = profile([
      { name: 'early', hits: 200 },
      { name: 'last', hits: 60 },
    ]);
    expect(names(busiestStack(taken, 50))).toEqual(['last']);
    expect(names(busiestStack(taken, ALL))).toEqual(['early']);
  });

  it('leaves out the garbage collector, which has no callers', () => {
    const collector = { name: '(garbage collector)', url: '', hits: 20 };
    expect(names(busiestStack(profile([collector, { name: 'crunch', hits: 25 }]), ALL))).toEqual(['crunch']);
  });

  it('has the start line and column of a one-line function', () => {
    expect(busiestStack(profile([{ name: 'f', hits: 9, lines: { 10: 9 } }]), ALL)).toEqual([
      { functionName: 'f', url: FILE, line: 10, column: 5 },
    ]);
  });

  it('survives a deep recursion', () => {
    let node: Node = { name: 'deepest', hits: 50 };
    for (let depth = 0; depth < 250; depth += 1) node = { name: 'walk', calls: [node] };
    expect(names(busiestStack(profile([node]), ALL))).toHaveLength(251);
  });
});

it('the first stack is that of the first sample', () => {
  const native = { name: 'pbkdf2Sync', url: 'node:internal/crypto/pbkdf2' };
  const taken = profile([{ name: 'handler', calls: [native] }, idle(40)], 'pbkdf2Sync');
  expect(names(firstStack(taken))).toEqual(['pbkdf2Sync', 'handler']);
  expect(firstStack(profile([idle(1)]))).toEqual([]);
});

describe('the user code in a stack', () => {
  const at = (functionName: string, url = FILE) => ({ functionName, url, line: 1, column: 1 });
  const runtime = at('answer', new URL('../../workers/invoker.ts', import.meta.url).href);

  it('includes the built-in function that it calls, but no callers from the runtime or Node.js', () => {
    const stack = [
      at('run', ''),
      at('pbkdf2Sync', 'node:internal/crypto/pbkdf2'),
      at('crunch'),
      at('handler'),
      runtime,
      at('processTimers', 'node:internal/timers'),
    ];
    expect(names(codeOfUser(stack))).toEqual(['pbkdf2Sync', 'crunch', 'handler']);
  });

  it('is empty without user code', () => {
    expect(codeOfUser([at('run', ''), runtime])).toEqual([]);
    expect(codeOfUser([])).toEqual([]);
  });
});
