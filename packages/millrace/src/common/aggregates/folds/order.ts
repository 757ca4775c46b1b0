/** Whether `a` is less than `b`; NaN is less than nothing, so it never wins. Values of one type: number, bigint or string. */
export const comesBefore = (a: unknown, b: unknown): boolean =>
  (a as number) < (b as number) || (Number.isNaN(b) && !Number.isNaN(a));
