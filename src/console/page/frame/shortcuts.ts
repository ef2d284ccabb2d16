import { togglePause } from '../state/view.ts';

/** The keyboard shortcuts of the page. They are disabled while the user types in a field. */
export const SHORTCUTS: readonly (readonly [key: string, action: string])[] = [
  ['i', 'go to the event'],
  ['Ctrl+Enter', 'invoke (in the event)'],
  ['l', 'go to the lanes'],
  ['← → ↑ ↓', 'select another bar (in the lanes)'],
  ['Home End', 'select the first or last bar of the lane'],
  ['Enter', 'go to the details of the bar'],
  ['Escape', 'clear the selection'],
  ['+ −', 'show less or more time (in the lanes)'],
  ['Page ↑ ↓', 'move back or forward in time (in the lanes)'],
  ['/', 'go to the log filter'],
  ['p', 'pause or resume'],
  ['?', 'show these shortcuts'],
];

const FOCUS: Readonly<Record<string, string>> = { i: '#event', l: '#lanes', '/': '#log-filter' };

export function onShortcut(event: KeyboardEvent): void {
  if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
  const selector = FOCUS[event.key];
  if (selector !== undefined) document.querySelector<HTMLElement>(selector)?.focus();
  else if (event.key === 'p') togglePause();
  else if (event.key === '?') document.querySelector<HTMLDialogElement>('#keys')?.showModal();
  else return;
  event.preventDefault();
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof Element && target.matches('input, textarea, select, dialog *');
}
