/**
 * Parses the value of a flag.
 *
 * @throws RangeError when the value is not a whole number of at least `least`.
 */
export function wholeNumber(flag: string, text: string, least: number): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= least) return value;
  throw new RangeError(
    `${flag} must be a whole number, ${least} or more, but it is ${JSON.stringify(text)}.`,
  );
}
