import { describe, expect, it } from 'vitest';
import { callTree, functionTimes, placeOf } from '../../src/profiling/call-tree.ts';
import type { CallTreeNode, SampledProfile } from '../../src/profiling/call-tree.ts';

const frame = (functionName: string, lineNumber = 0) => ({
  functionName,
  url: functionName.startsWith('(') ? '' : 'file:///var/task/app/index.mjs',
  lineNumber,
  columnNumber: 0,
});

/** Samples each ms: handler 1, crunch 3, idle 2, and crunch called by itself 1. */
const PROFILE: SampledProfile = {
  nodes: [
    { id: 1, callFrame: frame('(root)'), children: [2, 3] },
    { id: 2, callFrame: frame('(idle)') },
    { id: 3, callFrame: frame('handler', 4), children: [4] },
    { id: 4, callFrame: frame('crunch', 9), children: [5] },
    { id: 5, callFrame: frame('crunch', 9) },
  ],
  samples: [2, 3, 4, 4, 4, 5, 2],
  timeDeltas: [1_000, 1_000, 1_000, 1_000, 1_000, 1_000, 1_000],
  startTime: 0,
  endTime: 8_000,
};

describe('the tree of a profile', () => {
  it('has self and total times, without idle time', () => {
    const tree = callTree([PROFILE]);
    expect(summary(tree)).toEqual(['(all) 0/5', ' handler 1/5', '  crunch 3/4', '   crunch 1/1']);
  });

  it('merges the same functions of several threads', () => {
    const tree = callTree([PROFILE, PROFILE]);
    expect(summary(tree)).toEqual(['(all) 0/10', ' handler 2/10', '  crunch 6/8', '   crunch 2/2']);
  });

  it('without profiles is empty', () => {
    expect(summary(callTree([]))).toEqual(['(all) 0/0']);
  });
});

it('the times of functions count a recursive call once', () => {
  expect(functionTimes(callTree([PROFILE]))).toEqual([
    { name: 'crunch', url: 'file:///var/task/app/index.mjs', line: 10, selfMs: 4, totalMs: 4 },
    { name: 'handler', url: 'file:///var/task/app/index.mjs', line: 5, selfMs: 1, totalMs: 5 },
  ]);
});

it('placeOf() returns the end of the path with the line', () => {
  expect(placeOf({ name: 'crunch', url: 'file:///var/task/app/index.mjs', line: 10 })).toBe(
    'app/index.mjs:10',
  );
  expect(placeOf({ name: 'writeSync', url: 'node:fs', line: 88 })).toBe('node:fs:88');
  expect(placeOf({ name: '(program)', url: '', line: 0 })).toBe('');
});

function summary(node: CallTreeNode, indent = ''): string[] {
  const own = `${indent}${node.name} ${node.selfMs}/${node.totalMs}`;
  return [own, ...node.children.flatMap((child) => summary(child, `${indent} `))];
}
