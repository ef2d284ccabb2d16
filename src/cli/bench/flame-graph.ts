import { placeOf } from '../../profiling/call-tree.ts';
import type { CallTreeNode } from '../../profiling/call-tree.ts';
import { percent, shortNumber } from './measurement.ts';

/** Draws a call tree as SVG: the width of a function is its share of the time, and its callees are below it. */
export function flameGraph(root: CallTreeNode, escaped: (text: string) => string): string {
  const frames = layOut(root);
  const rows = frames.reduce((most, { depth }) => Math.max(most, depth + 1), 1);
  const drawn = frames.map(({ node, depth, left, width }) => {
    const place = placeOf(node);
    const part = percent(root.totalMs === 0 ? 0 : node.totalMs / root.totalMs);
    const label = `${node.name}${place && ` (${place})`}: total ${shortNumber(node.totalMs)} ms, ${part}, self ${shortNumber(node.selfMs)} ms`;
    const fits = Math.floor((width * WIDTH - 6) / CHARACTER_WIDTH);
    const text = fits < 3 ? '' : node.name.length <= fits ? node.name : `${node.name.slice(0, fits - 1)}…`;
    const [x, y] = [(left * WIDTH).toFixed(1), depth * ROW_HEIGHT];
    return (
      `<g data-function="${escaped(node.name).replaceAll('"', '&quot;')}"><title>${escaped(label)}</title>` +
      `<rect x="${x}" y="${y}" width="${(width * WIDTH).toFixed(1)}" height="${ROW_HEIGHT - 1}" fill="${colourOf(node)}"/>` +
      `${text && `<text x="${(left * WIDTH + 3).toFixed(1)}" y="${y + 12}">${escaped(text)}</text>`}</g>`
    );
  });
  return (
    `<svg class="flame" viewBox="0 0 ${WIDTH} ${rows * ROW_HEIGHT}" role="img" aria-label="Flame graph; the table below has the ` +
    `functions with the most self time">${drawn.join('')}</svg>`
  );
}

const WIDTH = 960;
const ROW_HEIGHT = 17;
const CHARACTER_WIDTH = 6.7;

/** Half a pixel. */
const NARROWEST = 0.5 / WIDTH;

interface Frame {
  readonly node: CallTreeNode;
  readonly depth: number;
  readonly left: number;
  readonly width: number;
}

function layOut(root: CallTreeNode): Frame[] {
  const frames: Frame[] = [{ node: root, depth: 0, left: 0, width: 1 }];
  for (const { node, depth, left, width } of frames) {
    let at = left;
    for (const child of node.children) {
      const childWidth = node.totalMs === 0 ? 0 : (width * child.totalMs) / node.totalMs;
      if (childWidth >= NARROWEST)
        frames.push({ node: child, depth: depth + 1, left: at, width: childWidth });
      at += childWidth;
    }
  }
  return frames;
}

function colourOf({ url, name }: CallTreeNode): string {
  if (url.startsWith('node:')) return '#cfe0fb';
  if (url === '') return name.startsWith('(') ? '#e1e5eb' : '#cfe0fb';
  return url.includes('/node_modules/') ? '#fff0a8' : '#ffd9a8';
}
