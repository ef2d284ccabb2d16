import { describe, expect, it } from 'vitest';
import { FollowedScroll } from '../../src/console/page/log/followed-scroll.ts';

describe('the log follows new lines', () => {
  it('until the reader scrolls up, and again after a scroll to the end', () => {
    const { pane, scroll, follows } = shown();
    pane.scrollTop -= 5;
    scroll.onScroll(pane);
    expect(follows()).toBe(false);
    pane.scrollTop = 300;
    scroll.onScroll(pane);
    pane.scrollTop = 500;
    scroll.onScroll(pane);
    expect(follows()).toBe(false);
    pane.scrollTop = 795;
    scroll.onScroll(pane);
    expect(follows()).toBe(true);
  });

  it.each([
    ['becomes smaller', { clientHeight: 100 }],
    ['becomes larger, which moves it up', { clientHeight: 400 }],
    ['gets more lines', { scrollHeight: 5000 }],
    ['loses lines, which moves it up', { scrollHeight: 700 }],
  ])('while the pane %s, and then shows the end', (_how, change) => {
    const { pane, scroll, follows } = shown();
    Object.assign(pane, change);
    scroll.onScroll(pane);
    expect([follows(), pane.scrollTop]).toEqual([true, pane.scrollHeight - pane.clientHeight]);
  });

  it('until the reader scrolls up, even if new lines arrive before the scroll event', () => {
    const { pane, scroll, follows } = shown();
    Object.assign(pane, { scrollTop: 700, scrollHeight: 1100 });
    scroll.keep(pane);
    scroll.onScroll(pane);
    expect([follows(), pane.scrollTop]).toEqual([false, 700]);
  });

  it('but stays where the reader has scrolled to when the pane changes', () => {
    const { pane, scroll, follows } = shown();
    pane.scrollTop = 300;
    scroll.onScroll(pane);
    pane.clientHeight = 100;
    scroll.onScroll(pane);
    scroll.keep(pane);
    expect([follows(), pane.scrollTop]).toEqual([false, 300]);
  });
});

/** A pane of 200 px with 1,000 px of lines, at its end. */
function shown() {
  let following = true;
  const scroll = new FollowedScroll(
    (now) => (following = now),
    () => following,
  );
  const pane = new Pane();
  scroll.keep(pane);
  scroll.onScroll(pane);
  return { pane, scroll, follows: () => following };
}

/** Limits the position to the content, as browsers do. */
class Pane {
  scrollHeight = 1000;
  clientHeight = 200;
  #top = 0;

  get scrollTop(): number {
    return Math.min(this.#top, this.scrollHeight - this.clientHeight);
  }

  set scrollTop(top: number) {
    this.#top = top;
  }
}
