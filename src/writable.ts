/** A type without `readonly`, for an object that is filled field by field before it is passed on. */
export type Writable<Fields> = { -readonly [Field in keyof Fields]: Fields[Field] };
