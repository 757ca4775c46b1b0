/*
 * A fraud rule with state and timers. Who has stolen the number of a card tries it with tiny payments first. So, for each
 * card, from a payment below one on, for a minute:
 *
 *   - a payment above 500 is reported at once: the card is being drained;
 *   - three tiny payments or more, and no large one, are reported when the minute is over: the card is being probed.
 *
 * Shows: a keyed process function with declared state, event-time timers that are set and deleted, output from both.
 *
 *   npx millrace run examples/fraud.ts
 */
import { join } from "node:path";
import {
  arg,
  fileSource,
  job,
  minutes,
  printSink,
  Types,
  valueState,
  WatermarkStrategy,
  type TypeOf,
} from "millrace";

const Payment = Types.object({ card: Types.string, amount: Types.double, at: Types.timestamp });
type Payment = TypeOf<typeof Payment>;

/** Tiny payments of a card since the first of them. */
const Probes = Types.object({ since: Types.timestamp, count: Types.int });

const TINY = 1;
const LARGE = 500;
const MEMORY = minutes(1);

type Alert = {
  readonly kind: "drained" | "probed";
  readonly card: string;
  readonly at: number;
  readonly text: string;
};

const drained = ({ card, at, amount }: Payment): Alert => ({
  kind: "drained",
  card,
  at,
  text: `${amount.toFixed(2)} after tiny payments`,
});

const probed = (card: string, { since, count }: Readonly<TypeOf<typeof Probes>>): Alert | undefined =>
  count < 3 ? undefined : { kind: "probed", card, at: since + MEMORY, text: `${count} tiny payments` };

export default job(
  import.meta,
  "fraud",
  {
    description: "Cards that are probed with tiny payments, or drained after them",
    args: {
      payments: arg
        .path()
        .default(join(import.meta.dirname, "data", "payments.jsonl"))
        .describe("payments in the order of their time, as JSON lines"),
    },
  },
  (env, args) => {
    env
      .fromSource(
        fileSource({ path: args.payments, format: "jsonl", schema: Payment }),
        WatermarkStrategy.forMonotonousTimestamps().withTimestamps((payment) => payment.at),
        "payments",
      )
      // The rule is about the order of a card's payments: one reader keeps it.
      .setParallelism(1)
      .keyBy("card")
      .process({
        state: { probes: valueState(Probes) },

        onRecord(payment, ctx) {
          const { probes } = ctx.state;
          const alerts: Alert[] = [];

          // Timers fire when event time has passed for sure, which may be after the next payments were here.
          const known = probes.value();
          if (known !== undefined && payment.at > known.since + MEMORY) {
            const over = probed(payment.card, known);
            if (over !== undefined) alerts.push(over);
            ctx.timers.deleteEventTimeTimer(known.since + MEMORY);
            probes.clear();
          }

          if (payment.amount < TINY) {
            const { since } = probes.mutate(
              (value) => void value.count++,
              () => ({ since: payment.at, count: 0 }),
            );
            ctx.timers.registerEventTimeTimer(since + MEMORY);
          } else if (payment.amount > LARGE && probes.value() !== undefined) {
            alerts.push(drained(payment));
            ctx.timers.deleteEventTimeTimer(probes.value()!.since + MEMORY);
            probes.clear();
          }
          return alerts;
        },

        onTimer(_time, ctx) {
          const known = ctx.state.probes.value();
          ctx.state.probes.clear();
          return known === undefined ? undefined : probed(ctx.currentKey, known);
        },
      })
      .name("rule")
      .sinkTo(
        printSink({
          format: ({ kind, card, at, text }) =>
            `${new Date(at).toISOString().slice(0, 19)}  card ${card} is being ${kind}: ${text}`,
        }),
        "alerts",
      );
  },
);
