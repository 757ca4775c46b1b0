/* oxlint-disable vitest/expect-expect -- what is refused here is checked by the compiler */
import { describe, expectTypeOf, it } from "vitest";
import type { KeyedProcessContext, KeyedProcessFunction } from "../../common/functions/process-functions.ts";
import { perSubtask } from "../../common/functions/per-subtask.ts";
import { outputTag } from "../../common/outputs/create-output-tag.ts";
import type { OutputTag } from "../../common/outputs/output-tag.ts";
import {
  aggregatingState,
  listState,
  mapState,
  reducingState,
  valueState,
} from "../../common/state/descriptors.ts";
import type {
  AggregatingState,
  ListState,
  MapState,
  ReducingState,
  ValueState,
  ValueStateDescriptor,
} from "../../common/state/state.ts";
import { Types } from "../../common/types/types.ts";
import type { DeadLetter } from "./dead-letter.ts";
import type { DataStream, KeyedStream, SingleOutputStreamOperator } from "./streams.ts";

interface Payment {
  card: string;
  amount: number;
  at: number;
}
interface Rule {
  id: string;
  limit: number;
}

declare const payments: DataStream<Payment>;
declare const keyed: KeyedStream<Payment, string>;
declare const rules: DataStream<Rule>;

describe("process", () => {
  it("infers what is returned: a record, an array of records, nothing", () => {
    expectTypeOf(payments.process({ onRecord: (p) => p.amount })).toEqualTypeOf<
      SingleOutputStreamOperator<number>
    >();
    expectTypeOf(payments.process({ onRecord: (p) => [p.amount, p.at] })).toEqualTypeOf<
      SingleOutputStreamOperator<number>
    >();
    const some = payments.process({ onRecord: (p) => (p.amount > 100 ? { card: p.card } : undefined) });
    expectTypeOf(some).toEqualTypeOf<SingleOutputStreamOperator<{ card: string }>>();
  });

  it("infers state, side outputs and timers, and joins what both functions return", () => {
    const alerts = keyed.process({
      state: {
        count: valueState(Types.int, { defaultValue: () => 0 }),
        last: valueState(Types.object({ at: Types.timestamp })),
        recent: listState(Types.double),
        places: mapState(Types.string, Types.int),
        highest: reducingState(Math.max, Types.double),
        mean: aggregatingState({
          createAccumulator: () => ({ sum: 0, n: 0 }),
          add: (acc, amount: number) => ({ sum: acc.sum + amount, n: acc.n + 1 }),
          getResult: (acc) => acc.sum / acc.n,
        }),
      },
      outputs: { dropped: outputTag<Payment>("dropped") },
      onRecord(payment, ctx) {
        expectTypeOf(payment).toEqualTypeOf<Payment>();
        expectTypeOf(ctx.currentKey).toEqualTypeOf<string>();
        expectTypeOf(ctx.state.count.value()).toEqualTypeOf<number>();
        expectTypeOf(ctx.state.last.value()).toEqualTypeOf<{ readonly at: number } | undefined>();
        expectTypeOf(ctx.state.last).toEqualTypeOf<ValueState<{ at: number }>>();
        expectTypeOf(ctx.state.recent).toEqualTypeOf<ListState<number>>();
        expectTypeOf(ctx.state.places).toEqualTypeOf<MapState<string, number>>();
        expectTypeOf(ctx.state.highest).toEqualTypeOf<ReducingState<number>>();
        expectTypeOf(ctx.state.mean).toEqualTypeOf<AggregatingState<number, number>>();
        ctx.timers.registerEventTimeTimer(payment.at + 1000);
        ctx.output(ctx.outputs.dropped, payment);
        // @ts-expect-error the side output takes payments
        ctx.output(ctx.outputs.dropped, payment.amount);
        // @ts-expect-error no such state
        void ctx.state.cuont;
        return payment.amount > 100 ? { card: ctx.currentKey, amount: payment.amount } : undefined;
      },
      onTimer(time, ctx) {
        expectTypeOf(time).toEqualTypeOf<number>();
        expectTypeOf(ctx.timeDomain).toEqualTypeOf<"event" | "processing">();
        return [{ card: ctx.currentKey, silentSince: time }];
      },
    });
    expectTypeOf(alerts).branded.toEqualTypeOf<
      SingleOutputStreamOperator<
        { card: string; amount: number } | { card: string; silentSince: number },
        { dropped: OutputTag<Payment> }
      >
    >();
    expectTypeOf(alerts.sideOutputs.dropped).toEqualTypeOf<DataStream<Payment>>();
    // @ts-expect-error no such side output
    void alerts.sideOutputs.droped;
  });

  it("collects what it declares", () => {
    const alerts = keyed.process({
      output: Types.object({ card: Types.string }),
      state: { seen: valueState(Types.boolean) },
      onRecord(payment, ctx) {
        if (ctx.state.seen.value() === undefined) ctx.collect({ card: payment.card });
        // @ts-expect-error another record than declared
        ctx.collect({ crad: payment.card });
      },
    });
    expectTypeOf(alerts).toEqualTypeOf<SingleOutputStreamOperator<{ card: string }>>();
    keyed.process({
      onRecord(payment, ctx) {
        // @ts-expect-error "to emit with collect, declare what is emitted, output: ..., or return the record instead"
        ctx.collect({ card: payment.card });
      },
    });
  });

  it("takes instances of classes, with types of their own", () => {
    class Alerts implements KeyedProcessFunction<
      string,
      Payment,
      { card: string },
      { seen: ValueStateDescriptor<number> }
    > {
      readonly state = { seen: valueState(Types.int) };
      onRecord(
        payment: Payment,
        ctx: KeyedProcessContext<string, { card: string }, { seen: ValueStateDescriptor<number> }>,
      ): void {
        ctx.state.seen.update(1);
        ctx.collect({ card: payment.card });
      }
    }
    expectTypeOf(keyed.process(new Alerts())).toEqualTypeOf<SingleOutputStreamOperator<{ card: string }>>();
    expectTypeOf(keyed.process(perSubtask(() => new Alerts()))).toEqualTypeOf<
      SingleOutputStreamOperator<{ card: string }>
    >();
    // @ts-expect-error the function takes payments keyed by text
    payments.keyBy("amount").process(new Alerts());
  });

  it("refuses asynchronous functions", () => {
    // @ts-expect-error "this function must be synchronous: use asyncMap for asynchronous work"
    payments.process({ onRecord: async (p) => p.amount });
    keyed.process({
      onRecord: () => undefined,
      // @ts-expect-error "this function must be synchronous: use asyncMap for asynchronous work"
      async onTimer() {
        await Promise.resolve();
      },
    });
  });

  it("has no state and no timers without a key", () => {
    payments.process({
      onRecord(_payment, ctx) {
        // @ts-expect-error only keyed streams have timers
        void ctx.timers;
        // @ts-expect-error only keyed streams have state
        void ctx.state;
      },
    });
  });
});

describe("state", () => {
  it("hands out what must not be changed", () => {
    keyed.process({
      state: { tags: valueState(Types.object({ names: Types.array(Types.string) })) },
      onRecord(_p, ctx) {
        // @ts-expect-error state hands out readonly values; use mutate
        ctx.state.tags.value()?.names.push("x");
        ctx.state.tags.mutate(
          (tags) => tags.names.push("x"),
          () => ({ names: [] }),
        );
      },
    });
  });
});

describe("side outputs", () => {
  it("are of their tag's type, and of no other", () => {
    const numbers = outputTag<number>("numbers");
    const wider = outputTag<number | string>("wider");
    const stream = payments.process({ onRecord: (p, ctx) => ctx.output(numbers, p.amount) });
    expectTypeOf(stream.getSideOutput(numbers)).toEqualTypeOf<DataStream<number>>();
    expectTypeOf(stream.getSideOutput(outputTag("n", Types.int))).toEqualTypeOf<DataStream<number>>();
    // @ts-expect-error a tag for numbers is no tag for payments
    const payment: OutputTag<Payment> = numbers;
    // @ts-expect-error nor for a wider type
    const both: OutputTag<number | string> = numbers;
    // @ts-expect-error nor for a narrower one
    const narrow: OutputTag<number> = wider;
    void [payment, both, narrow];
  });

  it("take dead letters", () => {
    const dead = outputTag<DeadLetter<Payment>>("dead");
    const stream = payments.map((p) => p.amount).onPoisonRecord({ deadLetter: dead });
    expectTypeOf(stream).toEqualTypeOf<SingleOutputStreamOperator<number>>();
    expectTypeOf(stream.getSideOutput(dead)).toEqualTypeOf<DataStream<DeadLetter<Payment>>>();
    payments.map((p) => p.amount).onPoisonRecord("skip");
    // @ts-expect-error not a policy
    payments.map((p) => p.amount).onPoisonRecord("ignore");
    // @ts-expect-error a tag for payments takes no dead letters
    payments.map((p) => p.amount).onPoisonRecord({ deadLetter: outputTag<Payment>("dead") });
  });
});

describe("connected streams", () => {
  it("infer both sides", () => {
    const both = payments.connect(rules);
    expectTypeOf(
      both.map(
        (p) => p.amount,
        (r) => r.id,
      ),
    ).toEqualTypeOf<SingleOutputStreamOperator<number | string>>();
    expectTypeOf(both.process({ onRecord1: (p) => p.amount, onRecord2: (r) => [r.limit] })).toEqualTypeOf<
      SingleOutputStreamOperator<number>
    >();
    const keyedBoth = both
      .keyBy(
        (p) => p.card,
        (r) => r.id,
      )
      .process({
        state: { rule: valueState<Rule>() },
        onRecord1(payment, ctx) {
          const rule = ctx.state.rule.value();
          return rule !== undefined && payment.amount > rule.limit ? { card: ctx.currentKey } : undefined;
        },
        onRecord2(rule, ctx) {
          ctx.state.rule.update(rule);
        },
      });
    expectTypeOf(keyedBoth).toEqualTypeOf<SingleOutputStreamOperator<{ card: string }>>();
    const card = (p: Payment) => p.card;
    // @ts-expect-error both keys must be of one type
    both.keyBy(card, (r) => r.limit);
    // @ts-expect-error keyed streams connect to streams keyed alike
    keyed.connect(rules.keyBy("limit"));
    const amount = (p: Payment) => p.amount;
    // @ts-expect-error the second function must be synchronous, too
    both.map(amount, async (r) => r.id);
  });

  it("infer broadcast state", () => {
    const broadcast = rules.broadcast({
      rules: mapState(Types.string, Types.object({ id: Types.string, limit: Types.int })),
    });
    const plain = payments.connect(broadcast).process({
      onRecord(payment, ctx) {
        // @ts-expect-error only broadcast records may change broadcast state
        ctx.broadcast.rules.put("x", { id: "x", limit: 1 });
        const limit = ctx.broadcast.rules.get(payment.card)?.limit;
        expectTypeOf(limit).toEqualTypeOf<number | undefined>();
        return limit;
      },
      onBroadcast(rule, ctx) {
        ctx.broadcast.rules.put(rule.id, rule);
      },
    });
    expectTypeOf(plain).toEqualTypeOf<SingleOutputStreamOperator<number>>();
    const withState = keyed.connect(broadcast).process({
      state: { sum: valueState(Types.double, { defaultValue: () => 0 }) },
      onRecord(payment, ctx) {
        ctx.state.sum.update(ctx.state.sum.value() + payment.amount);
        return { card: ctx.currentKey, rules: ctx.broadcast.rules.size };
      },
      onBroadcast(rule, ctx) {
        ctx.broadcast.rules.put(rule.id, rule);
        ctx.forEachKey("sum", (card, sum) => {
          expectTypeOf(card).toEqualTypeOf<string>();
          expectTypeOf(sum.value()).toEqualTypeOf<number>();
        });
        // @ts-expect-error no such state
        ctx.forEachKey("smu", () => undefined);
      },
    });
    expectTypeOf(withState).toEqualTypeOf<SingleOutputStreamOperator<{ card: string; rules: number }>>();
  });
});
