import { togglePause } from '../state/view.ts';

/** The keyboard shortcuts of the page. They are disabled while the user types in a field. */
export const SHORTCUTS: readonly (readonly [key: string, action: string])[] = [
  ['i', 'edit the event'],
  ['Ctrl+Enter', 'invoke, while editing the event'],
  ['l', 'move to the threads'],
  ['← →', 'select the previous or next invocation of the thread'],
  ['↑ ↓', 'select an invocation of the thread above or below'],
  ['Home End', 'select the first or last invocation of the thread'],
  ['Enter', 'move to the details of the selected invocation'],
  ['Escape', 'clear the selection'],
  ['+ −', 'show a shorter or longer time'],
  ['Page ↑ ↓', 'show earlier or later times'],
  ['/', 'filter the log'],
  ['p', 'pause or resume the threads'],
  ['?', 'show these keys'],
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
