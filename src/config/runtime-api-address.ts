import * as v from 'valibot';

/** Where the Runtime API is. */
export const runtimeApiAddress = v.pipe(
  v.string('must be host:port'),
  v.check(isHostAndPort, 'must be host:port, for example 127.0.0.1:9001'),
);

function isHostAndPort(value: string): boolean {
  const port = /^(?:[\w.-]+|\[[\da-f:.]+\]):(\d{1,5})$/i.exec(value)?.[1];
  return port !== undefined && Number(port) >= 1 && Number(port) <= 65_535;
}
