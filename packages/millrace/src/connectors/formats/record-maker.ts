/** Makes a plain object of values, which it copies out of the array; the array is used again. */
export type RecordMaker = (values: readonly unknown[]) => Record<string, unknown>;

/**
 * A maker of objects with these fields in this order. Where the process allows it, it is generated code, so that all records
 * share one shape made in one step.
 */
export function recordMaker(names: readonly string[]): RecordMaker {
  const fields = names.map((name, i) => `${fieldName(name)}: v[${i}]`).join(", ");
  try {
    // oxlint-disable-next-line typescript/no-implied-eval -- only names quoted by JSON.stringify enter the text
    return new Function("v", `return { ${fields} };`) as RecordMaker;
  } catch {
    return (values) => {
      const record: Record<string, unknown> = {};
      for (let i = 0; i < names.length; i++) {
        Object.defineProperty(record, names[i]!, {
          value: values[i],
          writable: true,
          enumerable: true,
          configurable: true,
        });
      }
      return record;
    };
  }
}

/** A field's name in an object literal, where a plain `__proto__` would set the prototype. */
function fieldName(name: string): string {
  return name === "__proto__" ? `["__proto__"]` : JSON.stringify(name);
}
