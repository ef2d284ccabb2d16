/** Chart options that all charts share, in echarts' format. */
export const FRAME = {
  animation: false,
  legend: { top: 0 },
  grid: { left: 16, right: 60, top: 48, bottom: 32, containLabel: true },
  textStyle: { fontFamily: 'system-ui, sans-serif' },
} as const;

/** A line chart with a logarithmic y-axis. */
export function lineChart(
  series: readonly Series[],
  xAxis: { type: string; name: string },
  unit: string,
): object {
  return {
    ...FRAME,
    xAxis: { nameLocation: 'middle', nameGap: 26, ...xAxis },
    yAxis: { type: 'log', name: unit, nameTextStyle: { align: 'left' } },
    series,
  };
}

export function line(name: string, data: Points): Series {
  return { name, type: 'line', symbolSize: 5, data };
}

type Points = ReadonlyArray<ReadonlyArray<string | number>>;

interface Series {
  readonly name: string;
  readonly type: 'line';
  readonly symbolSize: number;
  readonly data: Points;
}
