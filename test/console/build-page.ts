import { buildPage } from '../../src/console/page/build.ts';

/** Runs before all tests: where the sources are run, the page is what was bundled last. */
export default function setup(): Promise<void> {
  return buildPage();
}
