import { textWidth } from "./text-width.ts";

/** A column of a table. */
export interface Column {
  readonly title: string;
  /** Numbers stand to the right. */
  readonly align: "left" | "right";
}

/**
 * Rows of cells as lines of equal columns, two spaces apart, title first. Nothing is cut, and no line ends in blanks.
 *
 * @example
 * ```ts
 * table([{ title: "operator", align: "left" }, { title: "in", align: "right" }], [["map", "12"]]);
 * // ["operator  in", "map       12"]
 * ```
 */
export function table(columns: readonly Column[], rows: readonly (readonly string[])[]): string[] {
  const lines = [columns.map(({ title }) => title), ...rows];
  const widths = columns.map((_, column) => Math.max(...lines.map((line) => textWidth(line[column] ?? ""))));
  return lines.map((line) =>
    columns
      .map(({ align }, column) => {
        const cell = line[column] ?? "";
        const blanks = " ".repeat((widths[column] ?? 0) - textWidth(cell));
        return align === "left" ? cell + blanks : blanks + cell;
      })
      .join("  ")
      .trimEnd(),
  );
}
