/**
 * Freezes a value and everything in it, so that whoever changes what others share finds out at once: records
 * in tests, captured values always.
 */
export function deepFreeze<T>(value: T): T {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return value;
  // The elements of a view can't be frozen, and freezing it throws.
  if (ArrayBuffer.isView(value)) return value;
  Object.freeze(value);
  for (const inner of Object.values(value)) deepFreeze(inner);
  return value;
}
