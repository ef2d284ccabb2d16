/** Three significant figures, without exponents. */
export function shortNumber(value: number | undefined): string {
  if (value === undefined || Number.isNaN(value)) return '–';
  const magnitude = Math.abs(value);
  if (magnitude >= 100) return Math.round(value).toLocaleString('en-US');
  if (magnitude >= 10) return value.toFixed(1);
  return value.toFixed(2);
}

/** 0.123 → 12 %. */
export function percent(part: number): string {
  return `${Math.round(part * 100)} %`;
}
