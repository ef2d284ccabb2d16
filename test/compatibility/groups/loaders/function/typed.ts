enum Size {
  Small = 'small',
}

function doubled(_target: object, _name: string, descriptor: PropertyDescriptor): PropertyDescriptor {
  const original = descriptor.value as (n: number) => number;
  return { ...descriptor, value: (n: number) => original(n) * 2 };
}

class Orders {
  @doubled
  count(n: number): number {
    return n;
  }
}

export const handler = async (event: { n: number }): Promise<object> => ({
  size: Size.Small,
  n: new Orders().count(event.n),
});
