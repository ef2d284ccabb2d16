import type { ServerResponse } from 'node:http';
import { Promise } from '../builtins.ts';

/** Writes, and returns what resolves when the reader can take more; undefined if it can already. */
export function pacedWrite(res: ServerResponse, bytes: Uint8Array): Promise<void> | undefined {
  if (res.destroyed || res.write(bytes)) return undefined;
  return new Promise((resolve) => {
    const goOn = () => {
      res.off('drain', goOn).off('close', goOn);
      resolve();
    };
    res.once('drain', goOn).once('close', goOn);
  });
}
