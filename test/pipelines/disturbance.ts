import { existsSync, writeFileSync } from "node:fs";
import { takeFile } from "../testing/take-file.ts";

/**
 * Names a file: while it is set, reading takes its time. Where the file is found, reading fails, once; afterwards it goes at full
 * speed.
 */
export const DISTURBANCE = "MILLRACE_TEST_DISTURBANCE";

/** How long reading takes while it waits for its disturbance, seconds: much longer than that takes to come where disks are slow, too. */
const DURATION = 12;

const waiting = (): string | undefined => {
  const file = process.env[DISTURBANCE];
  return file === undefined || existsSync(`${file}.over`) ? undefined : file;
};

/** How fast so many records are read: options of a generator source. */
export const pace = (count: number, seconds = DURATION): { readonly ratePerSecond?: number } =>
  waiting() === undefined ? {} : { ratePerSecond: count / seconds };

/** Called for each record that is read. */
export function disturb(): void {
  const file = waiting();
  if (file === undefined || !takeFile(file)) return;
  writeFileSync(`${file}.over`, "");
  throw new RangeError("disturbed");
}
