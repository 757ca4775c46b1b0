import { MillraceError } from "../../common/errors/millrace-error.ts";
import type { OutputTag } from "../../common/outputs/output-tag.ts";
import type { Duration } from "../../common/time/durations.ts";
import type { IntervalJoinSpec } from "../../graph/stream/operator-spec.ts";
import { requireFunction } from "../functions/element-specs.ts";
import { emitReturned } from "../functions/emitted.ts";
import { sideOutputTypes } from "../functions/emitting-function.ts";
import type { Erased } from "./erased.ts";
import { edgesTo, typeOfUpstreams } from "./origin.ts";
import type { KeyedUpstreams, Recording } from "./recording.ts";
import type { BoundedIntervalJoin, IntervalJoin } from "./streams.ts";

type Join = IntervalJoinSpec["join"];
type Bounds = Pick<IntervalJoinSpec, "lower" | "upper" | "lowerInclusive" | "upperInclusive" | "lateOutputs">;

/** Two keyed streams to be joined by time. */
export class RecordedIntervalJoin implements IntervalJoin<Erased, Erased, Erased> {
  readonly #recording: Recording;
  readonly #first: KeyedUpstreams;
  readonly #second: KeyedUpstreams;

  constructor(recording: Recording, first: KeyedUpstreams, second: KeyedUpstreams) {
    this.#recording = recording;
    this.#first = first;
    this.#second = second;
  }

  between(lower: Duration, upper: Duration): RecordedBoundedIntervalJoin {
    if (!Number.isSafeInteger(lower) || !Number.isSafeInteger(upper) || lower > upper) {
      throw new MillraceError(
        "INVALID_ARGUMENT",
        `between takes whole milliseconds, the lower bound not above the upper one, got ${lower} and ${upper}`,
        { help: "Write between(-minutes(5), minutes(5)): second's time minus first's time." },
      );
    }
    return new RecordedBoundedIntervalJoin(this.#recording, this.#first, this.#second, {
      lower,
      upper,
      lowerInclusive: true,
      upperInclusive: true,
      lateOutputs: [undefined, undefined],
    });
  }
}

/** An interval join with its bounds. */
export class RecordedBoundedIntervalJoin implements BoundedIntervalJoin<Erased, Erased, Erased> {
  readonly #recording: Recording;
  readonly #first: KeyedUpstreams;
  readonly #second: KeyedUpstreams;
  readonly #bounds: Bounds;

  constructor(recording: Recording, first: KeyedUpstreams, second: KeyedUpstreams, bounds: Bounds) {
    this.#recording = recording;
    this.#first = first;
    this.#second = second;
    this.#bounds = bounds;
  }

  lowerBoundExclusive(): this {
    return this.#with({ lowerInclusive: false });
  }

  upperBoundExclusive(): this {
    return this.#with({ upperInclusive: false });
  }

  sideOutputLeftLateData(tag: OutputTag<Erased>): this {
    return this.#with({ lateOutputs: [tag, this.#bounds.lateOutputs[1]] });
  }

  sideOutputRightLateData(tag: OutputTag<Erased>): this {
    return this.#with({ lateOutputs: [this.#bounds.lateOutputs[0], tag] });
  }

  join(fn: (first: Erased, second: Erased, key: Erased) => Erased): Erased {
    requireFunction("join", "the join function", fn);
    const key = this.#first.selector;
    // The key is taken only for functions that ask for it.
    return this.#operator(
      fn.length > 2
        ? (first, second, context) => context.collect(fn(first, second, key(first)))
        : (first, second, context) =>
            context.collect((fn as (a: unknown, b: unknown) => unknown)(first, second)),
    );
  }

  process(fn: (first: Erased, second: Erased, context: Erased) => Erased): Erased {
    requireFunction("process", "the join function", fn);
    const key = this.#first.selector;
    return this.#operator((first, second, context) =>
      emitReturned(fn(first, second, { timestamp: context.timestamp, key: key(first) }), context),
    );
  }

  #operator(join: Join): Erased {
    const [left, right] = this.#bounds.lateOutputs;
    const outputs = { ...(left && { left }), ...(right && { right }) };
    return this.#recording.streams.operator(
      {
        spec: {
          kind: "intervalJoin",
          ...this.#bounds,
          keySelectors: [this.#first.selector, this.#second.selector],
          types: [typeOfUpstreams(this.#first.upstreams), typeOfUpstreams(this.#second.upstreams)],
          join,
        },
        inputs: [...edgesTo(this.#first.upstreams, 0), ...edgesTo(this.#second.upstreams, 1)],
        sideOutputTypes: sideOutputTypes("intervalJoin", outputs),
      },
      outputs,
    );
  }

  #with(change: Partial<Bounds>): this {
    return new RecordedBoundedIntervalJoin(this.#recording, this.#first, this.#second, {
      ...this.#bounds,
      ...change,
    }) as this;
  }
}
