/** Makes the record of a row out of columns. */
export type RecordMaker = (columns: readonly (readonly unknown[])[], row: number) => Record<string, unknown>;

/**
 * A maker of records with these fields. Where the process allows it, it is generated code, so that all records share one shape made in
 * one step.
 */
export function recordMaker(names: readonly string[]): RecordMaker {
  // A plain `__proto__` in an object literal would set the prototype.
  const fields = names.map(
    (name, i) => `${name === "__proto__" ? `["__proto__"]` : JSON.stringify(name)}: c[${i}][r]`,
  );
  try {
    // oxlint-disable-next-line typescript/no-implied-eval -- only names quoted by JSON.stringify enter the text
    return new Function("c", "r", `return { ${fields.join(", ")} };`) as RecordMaker;
  } catch {
    // Code generation is switched off in this process.
    return (columns, row) => Object.fromEntries(names.map((name, i) => [name, columns[i]![row]]));
  }
}
