import type { CallTreeNode } from '../../../profiling/call-tree.ts';

/** A function in the flame graph. `left` and `width` are shares of the graph's width. */
export interface Frame {
  readonly node: CallTreeNode;
  readonly parent: Frame | undefined;
  readonly children: readonly Frame[];
  readonly depth: number;
  readonly left: number;
  readonly width: number;
}

/** Places the frames below a node, callers above callees, and leaves out those that would be too narrow to see. */
export function layOut(root: CallTreeNode): readonly Frame[] {
  const frames: Frame[] = [];
  const open = [place(root, undefined, 0, 1)];
  for (let frame = open.shift(); frame !== undefined; frame = open.shift()) {
    frames.push(frame);
    if (frame.depth < MOST_ROWS) open.push(...childrenOf(frame));
  }
  return frames;
}

/** Deeper calls are not drawn. */
const MOST_ROWS = 200;

/** About half a pixel. */
const NARROWEST = 0.0005;

function childrenOf(frame: Frame): readonly Frame[] {
  const { node, left, width } = frame;
  const perMs = node.totalMs === 0 ? 0 : width / node.totalMs;
  let at = left;
  const children = frame.children as Frame[];
  for (const child of node.children) {
    const childWidth = child.totalMs * perMs;
    if (childWidth >= NARROWEST) children.push(place(child, frame, at, childWidth));
    at += childWidth;
  }
  return children;
}

function place(node: CallTreeNode, parent: Frame | undefined, left: number, width: number): Frame {
  return { node, parent, children: [], depth: parent === undefined ? 0 : parent.depth + 1, left, width };
}

/** The frame to which a key moves from another one; undefined if it moves nowhere. */
export function frameAfter(key: string, frame: Frame): Frame | undefined {
  if (key === 'ArrowDown') return frame.children[0];
  if (key === 'ArrowUp') return frame.parent;
  const siblings = frame.parent?.children ?? [frame];
  const at = siblings.indexOf(frame);
  if (key === 'ArrowRight') return siblings[at + 1];
  if (key === 'ArrowLeft') return siblings[at - 1];
  if (key === 'Home') return rootOf(frame);
  return undefined;
}

function rootOf(frame: Frame): Frame {
  let root = frame;
  while (root.parent !== undefined) root = root.parent;
  return root;
}
