import { describe, expect, it } from "vitest";
import { readJsonLines, runExample } from "./run-example.ts";

interface Payment {
  readonly card: string;
  readonly amount: number;
  readonly at: string;
}

const MINUTE = 60_000;

/** The alerts of one card, from all its payments at once. */
function alertsOf(card: string, payments: readonly Payment[]): string[] {
  const alerts: string[] = [];
  const alert = (at: number, text: string): void => {
    alerts.push(`${new Date(at).toISOString().slice(0, 19)}  card ${card} is being ${text}`);
  };
  const times = payments.map(({ at }) => Date.parse(at));
  for (let i = 0; i < payments.length; i++) {
    if (payments[i]!.amount >= 1) continue;
    // A tiny payment that belongs to no probing before it: look at all of the minute from here on.
    const end = times[i]! + MINUTE;
    let tiny = 0;
    let drained = false;
    for (; i < payments.length && times[i]! <= end && !drained; i++) {
      const { amount } = payments[i]!;
      if (amount < 1) tiny++;
      else if (amount > 500) {
        drained = true;
        alert(times[i]!, `drained: ${amount.toFixed(2)} after tiny payments`);
      }
    }
    if (!drained && tiny >= 3) alert(end, `probed: ${tiny} tiny payments`);
    i--;
  }
  return alerts;
}

describe("examples/fraud.ts", () => {
  const byCard = Map.groupBy(readJsonLines<Payment>("payments.jsonl"), ({ card }) => card);
  const expected = [...byCard].flatMap(([card, payments]) => alertsOf(card, payments)).sort();

  it.for([1, 2])("reports the cards that plain code finds, in %i slots", async (parallelism) => {
    expect(expected.length).toBeGreaterThanOrEqual(5);
    const run = await runExample("fraud", { parallelism });
    expect(run.lines.toSorted()).toEqual(expected);
    expect(run.code).toBe(0);
  });
});
