import type { Page } from 'playwright-core';

/** Lists what does not fit: sideways scrolling, boxes that overlap, boxes that stick out of their parent. */
export function misfits(page: Page): Promise<string[]> {
  return page.evaluate(MISFITS);
}

/** The children of each of these lie side by side or below each other, within it. */
const GROUPS = [
  'body',
  'main',
  '.side',
  '.top-bar',
  '.facts',
  '.panel-head',
  '.legend',
  '.plots',
  'figcaption',
  '.lanes-content',
  '.lane-label',
  '.invoke form',
  '.invoke-row',
  '.burst',
  '.detail',
  '.timings',
  '.timings div',
  '.kept',
  '.kept h3',
  '.log',
  '.log-list',
  '.log-line',
  '.axis .strip',
];

const MISFITS = `{
  const found = [];
  const name = (element) => element.tagName.toLowerCase() + (element.id && '#' + element.id) + [...element.classList].map((each) => '.' + each).join('');
  const wide = document.documentElement.scrollWidth - innerWidth;
  if (wide > 0) found.push('the page is ' + wide + ' px too wide');
  // What is drawn over or behind its neighbours on purpose, and what is not drawn.
  const isLaidOut = (element) => {
    const { position, display } = getComputedStyle(element);
    const { width, height } = element.getBoundingClientRect();
    return display !== 'none' && !['absolute', 'fixed', 'sticky'].includes(position) && width > 0 && height > 0;
  };
  const boxOf = (element) => {
    if (!element.matches('.tick')) return element.getBoundingClientRect();
    return element.querySelector('span')?.getBoundingClientRect() ?? new DOMRect();
  };
  const scrolls = (element) => element.matches('body, .lanes-content, .detail, .log-list, .strip');
  for (const group of document.querySelectorAll(${JSON.stringify(GROUPS.join(', '))})) {
    const children = [...group.children].filter((each) => each.matches('.tick') ? boxOf(each).width > 0 : isLaidOut(each));
    const around = group.getBoundingClientRect();
    children.forEach((child, index) => {
      const box = boxOf(child);
      if (!scrolls(group) && (box.left < around.left - 1 || box.right > around.right + 1 || box.top < around.top - 1 || box.bottom > around.bottom + 1)) {
        found.push(name(child) + ' sticks out of ' + name(group));
      }
      for (const other of children.slice(index + 1)) {
        const its = boxOf(other);
        const across = Math.min(box.right, its.right) - Math.max(box.left, its.left);
        const down = Math.min(box.bottom, its.bottom) - Math.max(box.top, its.top);
        if (across > 1 && down > 1) found.push(name(child) + ' overlaps ' + name(other));
      }
    });
  }
  // Text that its box cuts off.
  for (const element of document.querySelectorAll('button, label, dt, dd, h1, h2, h3, figcaption, .log-count, .lane-name, .log-text')) {
    if (element.scrollWidth > element.clientWidth + 1 && element.clientWidth > 1 && getComputedStyle(element).display !== 'inline') found.push(name(element) + ' is cut off: ' + element.textContent);
  }
  [...new Set(found)];
}`;
