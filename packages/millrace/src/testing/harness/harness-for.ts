import type { DataStream } from "../../api/streams/streams.ts";
import { optionalType } from "../../common/types/optional-type.ts";
import type { HarnessOptions, HarnessSettings } from "./harness-options.ts";
import type { OperatorHarness } from "./operator-harness.ts";
import { recordOperator, type BuildOperator } from "./recorded-operator.ts";
import { restoredState } from "./harness-state.ts";
import { RunningHarness } from "./running-harness.ts";

/**
 * Makes a harness for the one operator that `build` makes of its input streams. Records go through their codecs and are frozen, so
 * that a test sees what a job would do.
 *
 * @param build gets one input stream, or two; annotate them, or declare their types in the options
 * @throws MillraceError INVALID_ARGUMENT when it makes no operator, or several; and what opening the operator throws
 * @example
 * ```ts
 * const harness = await harnessFor((payments: DataStream<Payment>) =>
 *   payments.keyBy((p) => p.card).process({
 *     state: { total: valueState(Types.int) },
 *     onRecord(payment, ctx) {
 *       const total = (ctx.state.total.value() ?? 0) + payment.amount;
 *       ctx.state.total.update(total);
 *       ctx.timers.registerEventTimeTimer(ctx.timestamp + 1000);
 *       return undefined;
 *     },
 *     onTimer: (_time, ctx) => ({ card: ctx.currentKey, total: ctx.state.total.value() }),
 *   }),
 * );
 * harness.processRecord({ card: "a", amount: 5 }, 100);
 * expect(harness.state("a", "total", valueState(Types.int)).value()).toBe(5);
 *
 * await using after = await harness.restart({ parallelism: 3 });
 * after.processWatermark(1100);
 * expect(after.output).toEqual([{ card: "a", total: 5 }]);
 * ```
 */
export async function harnessFor<A, Out>(
  build: (stream: DataStream<A>) => DataStream<Out>,
  options?: HarnessOptions<A>,
): Promise<OperatorHarness<A, never, Out>>;
export async function harnessFor<A, B, Out>(
  build: (first: DataStream<A>, second: DataStream<B>) => DataStream<Out>,
  options?: HarnessOptions<A, B>,
): Promise<OperatorHarness<A, B, Out>>;
export async function harnessFor(
  build: BuildOperator,
  options: UntypedOptions = {},
): Promise<OperatorHarness<never, never, unknown>> {
  const operator = recordOperator(build, [optionalType(options.type), optionalType(options.secondType)]);
  const restored = await restoredState(options.restore);
  const harness = new RunningHarness<never, never, unknown>(build, operator, options, restored);
  await harness.open();
  return harness;
}

interface UntypedOptions extends HarnessSettings {
  // Records are told apart by the signatures only; types are invariant, so none but `any` stands for all.
  readonly type?: any;
  readonly secondType?: any;
}
