enum Size {
  Small = 'small',
}

const factor: number = await Promise.resolve(2);

export const handler = async (event: { n: number }): Promise<object> => ({ size: Size.Small, n: event.n * factor });
