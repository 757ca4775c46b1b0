import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { optionsTable } from "./options-table.ts";

it("the table of options in the documentation is the one that the options make", () => {
  const page = readFileSync(new URL("../../../../../docs/operations.md", import.meta.url), "utf8");
  const table = page.slice(page.indexOf("| option |")).split("\n\n")[0]?.trimEnd();
  expect(table, "npm run docs rewrites docs/operations.md").toBe(optionsTable());
});
