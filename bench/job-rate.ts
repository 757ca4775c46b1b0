import { run } from "millrace";
import type { RunOptions } from "millrace";
import { median } from "./report.ts";

/** Millions of records a second that a job module reads: the median of some runs after a short one. */
export async function jobRate(
  module: string,
  args: { readonly records: number } & Readonly<Record<string, unknown>>,
  options: RunOptions,
): Promise<number> {
  const url = new URL(`./jobs/${module}.ts`, import.meta.url);
  const once = async (records: number): Promise<number> => {
    const { recordsIn, durationMs } = await run(url, { ...options, args: { ...args, records } });
    return recordsIn / durationMs / 1000;
  };
  await once(Math.ceil(args.records / 10));
  const rates: number[] = [];
  for (let i = 0; i < 5; i++) rates.push(await once(args.records));
  return median(rates);
}
