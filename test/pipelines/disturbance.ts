import { existsSync, writeFileSync } from "node:fs";
import { generatorSource } from "millrace";
import type { Source } from "millrace";
import { heldSource } from "../testing/held-source.ts";
import { takeFile } from "../testing/take-file.ts";

/**
 * Names a file: while it is set, readers give a part of their records, and hold. Where the file is found, one of them gives some more and
 * fails, once; from then on, or when somebody lets them go, all give the rest.
 */
export const DISTURBANCE = "MILLRACE_TEST_DISTURBANCE";

/** Ends the wait for a disturbance: readers give the rest. */
export const letGo = (file: string): void => writeFileSync(`${file}.over`, "");

/** Of all records, what readers give before they hold, and what before one of them fails. */
const BEFORE = 1 / 4;
const LOST = 1 / 16;

/** The file that is waited for. */
const waiting = (): string | undefined => {
  const file = process.env[DISTURBANCE];
  return file === undefined || existsSync(`${file}.over`) ? undefined : file;
};

/** A generator source of so many records, which may be disturbed. */
export function disturbedSource<T>(count: number, generate: (index: number) => T): Source<T> {
  const source = generatorSource({ count, generate });
  if (waiting() === undefined) return source;
  return heldSource(source, {
    holds: () => waiting() !== undefined,
    first: (parallelism) => Math.ceil((count * BEFORE) / parallelism),
    failsAfter: (parallelism) => {
      const file = waiting();
      return file !== undefined && takeFile(file) ? Math.ceil((count * LOST) / parallelism) : undefined;
    },
    fail: () => {
      const file = waiting();
      if (file !== undefined) letGo(file);
      throw new RangeError("disturbed");
    },
  });
}
