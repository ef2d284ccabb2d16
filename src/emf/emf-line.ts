/** One metric of a line; of several values CloudWatch makes its own statistics. */
export interface Metric {
  readonly name: string;
  readonly unit: 'Count' | 'Milliseconds' | 'Percent';
  readonly value: number | readonly number[];
}

/** A line of CloudWatch's embedded metric format, with its end. A metric without any value is left out. */
export function emfLine(
  namespace: string,
  dimensions: Readonly<Record<string, string>>,
  metrics: readonly Metric[],
): string {
  const given = metrics.filter(({ value }) => typeof value === 'number' || value.length > 0);
  const document = {
    _aws: {
      Timestamp: Date.now(),
      CloudWatchMetrics: [
        {
          Namespace: namespace,
          Dimensions: [Object.keys(dimensions)],
          Metrics: given.map(({ name, unit }) => ({ Name: name, Unit: unit })),
        },
      ],
    },
    ...dimensions,
    ...Object.fromEntries(given.map(({ name, value }) => [name, value])),
  };
  return `${JSON.stringify(document)}\n`;
}
