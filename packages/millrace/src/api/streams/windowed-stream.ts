import type { ReduceFunction } from "../../common/functions/functions.ts";
import type { PerSubtask } from "../../common/functions/per-subtask.ts";
import { outputTag } from "../../common/outputs/create-output-tag.ts";
import type { OutputTag } from "../../common/outputs/output-tag.ts";
import type { Duration } from "../../common/time/durations.ts";
import type { Evictor, Trigger } from "../../common/windows/trigger.ts";
import type { Window } from "../../common/windows/window.ts";
import type { AggregateArgument } from "../functions/aggregate-argument.ts";
import { requireFunction } from "../functions/element-specs.ts";
import type { GivenFunction } from "../functions/emitting-function.ts";
import { fieldReduce } from "../functions/field-aggregates.ts";
import type { WindowReduceOptions } from "../functions/window-definitions.ts";
import type { Erased } from "./erased.ts";
import type { WindowedStream } from "./streams.ts";
import { isResult, type ResultFunction, type WindowOperations } from "./window-operations.ts";
import { checkLateness, type WindowSettings } from "./window-settings.ts";

/** Windows by key. */
export class RecordedWindowedStream implements WindowedStream<Erased, Erased, Window, Erased> {
  readonly #operations: WindowOperations;

  constructor(operations: WindowOperations) {
    this.#operations = operations;
  }

  trigger(trigger: Trigger<Erased, Erased>): this {
    return this.#with({ trigger });
  }

  evictor(evictor: Evictor<Erased, Erased>): this {
    return this.#with({ evictor });
  }

  allowedLateness(lateness: Duration): this {
    return this.#with({ allowedLateness: checkLateness(lateness) });
  }

  sideOutputLateData(tag?: OutputTag<Erased>): Erased {
    return this.#with({ lateOutput: tag ?? outputTag("late", this.#operations.inputType) });
  }

  reduce(
    fn: ReduceFunction<Erased>,
    second?: ResultFunction | WindowReduceOptions,
    third?: WindowReduceOptions,
  ): Erased {
    const [result, options] = isResult(second) ? [second, third] : [undefined, second];
    return this.#operations.reduce(fn, result, options?.mergeable ?? false);
  }

  aggregate(
    given: AggregateArgument,
    result?: ResultFunction | GivenFunction | PerSubtask<GivenFunction>,
  ): Erased {
    return this.#operations.aggregate(given, result);
  }

  process(given: GivenFunction | PerSubtask<GivenFunction>): Erased {
    return this.#operations.process(given);
  }

  apply(fn: (key: Erased, window: Erased, records: Iterable<Erased>) => Erased): Erased {
    requireFunction("apply", "the window function", fn);
    return this.#operations.process(
      windowFunction((records, context) => fn(context.key, context.window, records)),
    );
  }

  sum(field: string): Erased {
    return this.#operations.reduce(fieldReduce("sum", field), undefined, false, `Window Sum(${field})`);
  }

  min(field: string): Erased {
    return this.#operations.reduce(fieldReduce("min", field), undefined, false, `Window Min(${field})`);
  }

  max(field: string): Erased {
    return this.#operations.reduce(fieldReduce("max", field), undefined, false, `Window Max(${field})`);
  }

  minBy(field: string): Erased {
    return this.#operations.reduce(fieldReduce("minBy", field), undefined, false, `Window MinBy(${field})`);
  }

  maxBy(field: string): Erased {
    return this.#operations.reduce(fieldReduce("maxBy", field), undefined, false, `Window MaxBy(${field})`);
  }

  #with(change: Partial<WindowSettings>): this {
    return new RecordedWindowedStream(this.#operations.with(change)) as this;
  }
}

/** A window's process function of one function. */
export const windowFunction = (
  onWindow: (
    records: Iterable<Erased>,
    context: { readonly key: unknown; readonly window: Window },
  ) => Erased,
): GivenFunction => ({ onWindow }) as GivenFunction;
