import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { repository } from "./packed.ts";

const BINDING = "node_modules/@harperfast/rocksdb-js-linux-x64-glibc";

interface Entry {
  readonly optional?: boolean;
  readonly engines?: unknown;
  readonly os?: unknown;
}

it("the lockfile brings RocksDB to Linux whatever Node.js runs npm, and to nobody else (docs/decisions/0011)", () => {
  const lockfile = JSON.parse(readFileSync(join(repository, "package-lock.json"), "utf8")) as {
    readonly packages: Readonly<Record<string, Entry>>;
  };
  const entry = lockfile.packages[BINDING];
  expect(entry?.optional).toBe(true);
  expect(entry?.os).toEqual(["linux"]);
  expect(entry?.engines, `take "engines" out of ${BINDING} in package-lock.json`).toBeUndefined();
});
