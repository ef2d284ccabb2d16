/** The parts of a scrolling element that {@link FollowedScroll} uses. */
export interface ScrollPane {
  scrollTop: number;
  readonly scrollHeight: number;
  readonly clientHeight: number;
}

/**
 * Keeps a pane at its end while it follows, and turns following off when the reader scrolls up. The browser also sends scroll
 * events when the pane's size or content changes, so only a move up in a pane of the same size counts as the reader's.
 */
export class FollowedScroll {
  readonly #follow: (follows: boolean) => void;
  readonly #isFollowing: () => boolean;
  /** The pane after the last change that was not the reader's, or after the last scroll event. */
  #last = { top: 0, height: 0, content: 0 };

  constructor(follow: (follows: boolean) => void, isFollowing: () => boolean) {
    this.#follow = follow;
    this.#isFollowing = isFollowing;
  }

  /** Must be called after each change of the content or the size. */
  keep(pane: ScrollPane): void {
    // The scroll event comes later than the reader's move.
    if (this.#hasReaderMovedUp(pane)) this.#follow(false);
    if (this.#isFollowing()) pane.scrollTop = pane.scrollHeight;
    this.#remember(pane);
  }

  onScroll(pane: ScrollPane): void {
    const { height, content } = this.#last;
    const isUnchanged = pane.clientHeight === height && pane.scrollHeight === content;
    if (isUnchanged && !this.#hasReaderMovedUp(pane) && fromEnd(pane) < NEAR_END_PX) this.#follow(true);
    this.keep(pane);
  }

  #hasReaderMovedUp(pane: ScrollPane): boolean {
    const { top, height } = this.#last;
    return pane.clientHeight === height && pane.scrollTop < top && fromEnd(pane) >= 1;
  }

  #remember({ scrollTop, clientHeight, scrollHeight }: ScrollPane): void {
    this.#last = { top: scrollTop, height: clientHeight, content: scrollHeight };
  }
}

function fromEnd({ scrollTop, scrollHeight, clientHeight }: ScrollPane): number {
  return scrollHeight - scrollTop - clientHeight;
}

/** A reader who scrolls down to here has reached the end. */
const NEAR_END_PX = 24;
