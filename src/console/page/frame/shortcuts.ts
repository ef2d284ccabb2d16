import { togglePause } from '../state/view.ts';

/** Keys that work wherever nothing is typed. */
export const SHORTCUTS: readonly (readonly [key: string, what: string])[] = [
  ['i', 'to the event'],
  ['Ctrl+Enter', 'invoke, from the event'],
  ['l', 'to the lanes'],
  ['← → ↑ ↓', 'from bar to bar, in the lanes'],
  ['Home End', 'to the first and the last bar of a lane'],
  ['Enter', 'to the details of the bar'],
  ['Escape', 'no bar any more'],
  ['+ −', 'less time, more time, in the lanes'],
  ['Page ↑ ↓', 'back and forth in time, in the lanes'],
  ['/', 'to the filter of the log'],
  ['p', 'pause, or go on'],
  ['?', 'these keys'],
];

const FOCUS: Readonly<Record<string, string>> = { i: '#event', l: '#lanes', '/': '#log-filter' };

export function onShortcut(event: KeyboardEvent): void {
  if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
  const goal = FOCUS[event.key];
  if (goal !== undefined) document.querySelector<HTMLElement>(goal)?.focus();
  else if (event.key === 'p') togglePause();
  else if (event.key === '?') document.querySelector<HTMLDialogElement>('#keys')?.showModal();
  else return;
  event.preventDefault();
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof Element && target.matches('input, textarea, select');
}
