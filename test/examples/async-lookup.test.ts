import { describe, expect, it } from "vitest";
import { lookUpCustomer, type Customer } from "../../examples/services/customers.ts";
import { readPlainCsv, runExample } from "./run-example.ts";

/** Asks until the service answers. */
async function customerOf(id: number): Promise<Customer | undefined> {
  for (;;) {
    try {
      return await lookUpCustomer(id, new AbortController().signal);
    } catch {
      // Again.
    }
  }
}

describe("examples/async-lookup.ts", () => {
  it.for([1, 2])(
    "finds every customer in spite of the service, in order, in %i slots",
    async (parallelism) => {
      const expected = await Promise.all(
        readPlainCsv("orders.csv").map(async ({ id, customer, amount }) => {
          const found = await customerOf(Number(customer));
          return `order ${id}: ${Number(amount).toFixed(2)} by ${found?.name ?? "unknown"} (${found?.country ?? "-"})`;
        }),
      );
      expect(expected.filter((line) => line.includes("unknown"))).toHaveLength(8);
      const run = await runExample("async-lookup", { parallelism });
      expect(run.lines).toEqual(expected);
      expect(run.code).toBe(0);
    },
  );
});
