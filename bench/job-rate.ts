import { run } from "millrace";
import type { RunOptions } from "millrace";
import { median } from "./report.ts";

/** How often each is measured. */
const ROUNDS = 3;

/**
 * Millions of records a second that a job module reads once it runs: what the longer of two runs takes beyond the shorter one, so that
 * starting threads and preparing records don't count. The median of some pairs.
 */
export async function jobRate(
  module: string,
  args: { readonly records: number } & Readonly<Record<string, unknown>>,
  options: RunOptions,
): Promise<number> {
  const url = new URL(`./jobs/${module}.ts`, import.meta.url);
  const once = async (records: number): Promise<number> =>
    (await run(url, { ...options, args: { ...args, records } })).durationMs;
  const short = Math.ceil(args.records / 10);
  const rates: number[] = [];
  for (let i = 0; i < ROUNDS; i++) {
    const before = await once(short);
    const after = await once(args.records);
    rates.push((args.records - short) / (after - before) / 1000);
  }
  return median(rates);
}
