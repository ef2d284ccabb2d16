import { useComputed, useSignal } from '@preact/signals';
import { placeOf } from '../../../profiling/call-tree.ts';
import type { CallTreeNode } from '../../../profiling/call-tree.ts';
import { duration, percent } from '../state/format.ts';
import { frameAfter, layOut } from './flame-layout.ts';
import type { Frame } from './flame-layout.ts';
import { isFound, search, tree, zoomed } from './profile-state.ts';

const ROW_PX = 19;

/** The call paths: the width of a function is its share of the time, and its callees are below it. */
export function FlameGraph() {
  const frames = useComputed(() => layOut(zoomed.value ?? tree.value));
  const active = useSignal<Frame | undefined>(undefined);
  const current = frames.value.find(({ node }) => node === active.value?.node) ?? frames.value[0];
  const rows = frames.value.reduce((most, { depth }) => Math.max(most, depth + 1), 1);
  const onKeyDown = (event: KeyboardEvent) => {
    if (current === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === 'Enter') zoomed.value = current.node;
    else if (event.key === 'Backspace') zoomed.value = undefined;
    else {
      const next = frameAfter(event.key, current);
      if (next === undefined) return;
      active.value = next;
      document.getElementById(idOf(frames.value, next))?.scrollIntoView({ block: 'nearest' });
    }
    event.preventDefault();
  };
  return (
    <div class="flame-scroll">
      <div
        class="flame"
        id="flame"
        role="tree"
        tabIndex={0}
        aria-label="Call paths"
        aria-activedescendant={current === undefined ? undefined : idOf(frames.value, current)}
        style={{ height: `${rows * ROW_PX}px` }}
        onKeyDown={onKeyDown}
      >
        {frames.value.map((frame, index) => (
          <FlameFrame
            key={index}
            id={`frame-${index}`}
            frame={frame}
            wholeMs={tree.value.totalMs}
            isCurrent={frame === current}
            onPoint={() => (active.value = frame)}
          />
        ))}
      </div>
      {current !== undefined && <Described node={current.node} wholeMs={tree.value.totalMs} />}
    </div>
  );
}

function idOf(frames: readonly Frame[], frame: Frame): string {
  return `frame-${frames.indexOf(frame)}`;
}

interface FlameFrameProps {
  readonly id: string;
  readonly frame: Frame;
  readonly wholeMs: number;
  readonly isCurrent: boolean;
  readonly onPoint: () => void;
}

function FlameFrame({ id, frame, wholeMs, isCurrent, onPoint }: FlameFrameProps) {
  const { node, depth, left, width, parent, children } = frame;
  const siblings = parent?.children ?? [frame];
  const isSearching = search.value.trim() !== '';
  const found = isSearching ? (isFound(node) ? ' found' : ' dimmed') : '';
  return (
    <div
      id={id}
      class={`frame ${kindOf(node)}${found}${isCurrent ? ' current' : ''}`}
      role="treeitem"
      aria-level={depth + 1}
      aria-posinset={siblings.indexOf(frame) + 1}
      aria-setsize={siblings.length}
      aria-selected={isCurrent}
      {...(children.length > 0 && { 'aria-expanded': true })}
      aria-label={describe(node, wholeMs)}
      data-function={node.name}
      style={{
        left: `${left * 100}%`,
        width: `${width * 100}%`,
        top: `${depth * ROW_PX}px`,
      }}
      onMouseEnter={onPoint}
      onClick={() => {
        onPoint();
        zoomed.value = node;
      }}
    >
      {width > 0.015 && node.name}
    </div>
  );
}

function kindOf({ url, name }: CallTreeNode): 'own' | 'package' | 'node' | 'engine' {
  if (url.startsWith('node:')) return 'node';
  if (url === '') return name.startsWith('(') ? 'engine' : 'node';
  return url.includes('/node_modules/') ? 'package' : 'own';
}

function describe(node: CallTreeNode, wholeMs: number): string {
  const { name, selfMs, totalMs } = node;
  const place = placeOf(node);
  const part = percent(wholeMs === 0 ? 0 : totalMs / wholeMs);
  return `${name}${place && `, ${place}`}, total ${duration(totalMs)}, ${part}, self ${duration(selfMs)}`;
}

/** The current function, for those who see the graph; screen readers read its label. */
function Described({ node, wholeMs }: { readonly node: CallTreeNode; readonly wholeMs: number }) {
  return (
    <p class="flame-current" aria-hidden="true">
      {describe(node, wholeMs)}
      {node.url !== '' && <code>{node.url}</code>}
    </p>
  );
}
