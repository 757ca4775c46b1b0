/*
 * Asynchronous lookups with retry: each order gets the name and country of its customer, from a service that is slow and
 * fails now and then. Many lookups are underway at once, results keep the order of the orders, failed ones are tried again.
 *
 * Shows: asyncMap with capacity, timeout and a retry strategy.
 *
 *   npx millrace run examples/async-lookup.ts
 */
import { join } from "node:path";
import { arg, fileSource, job, printSink, seconds, Types, WatermarkStrategy } from "millrace";
import { lookUpCustomer, ServiceUnavailable } from "./services/customers.ts";

const Order = Types.object({ id: Types.int, customer: Types.int, amount: Types.double });

export default job(
  import.meta,
  "async lookup",
  {
    description: "Orders with their customers, who are looked up in a service",
    args: {
      orders: arg
        .path()
        .default(join(import.meta.dirname, "data", "orders.csv"))
        .describe("orders, as CSV"),
    },
  },
  (env, args) => {
    env
      .fromSource(
        fileSource({ path: args.orders, format: "csv", schema: Order }),
        WatermarkStrategy.noWatermarks(),
        "orders",
      )
      .asyncMap(
        async (order, { signal }) => {
          const customer = await lookUpCustomer(order.customer, signal);
          return { ...order, name: customer?.name ?? "unknown", country: customer?.country ?? "-" };
        },
        {
          // In each subtask. When so many are underway, the input waits.
          capacity: 16,
          // For one order, all tries together.
          timeout: seconds(20),
          retry: {
            maxAttempts: 4,
            delay: 10,
            multiplier: 2,
            retryIf: (error) => error instanceof ServiceUnavailable,
          },
        },
      )
      .name("customer")
      .sinkTo(
        printSink({
          format: (o) => `order ${o.id}: ${o.amount.toFixed(2)} by ${o.name} (${o.country})`,
        }),
      );
  },
);
