import type { KeySelector, ReduceFunction } from "../../common/functions/functions.ts";
import type { PerSubtask } from "../../common/functions/per-subtask.ts";
import type { KeyedProcessFunction } from "../../common/functions/process-functions.ts";
import type { WindowAssigner } from "../../common/windows/window-assigner.ts";
import type { Window } from "../../common/windows/window.ts";
import { aggregateArgument, type AggregateArgument } from "../functions/aggregate-argument.ts";
import { requireFunction } from "../functions/element-specs.ts";
import type { GivenFunction } from "../functions/emitting-function.ts";
import { fieldReduce } from "../functions/field-aggregates.ts";
import type { SpecWithFactory } from "../functions/fresh-spec.ts";
import { keyedElement } from "../functions/keyed-element.ts";
import { processNode } from "../functions/process-node.ts";
import { RecordedStream } from "./any-stream.ts";
import { isBroadcastStream } from "./broadcast-stream.ts";
import { countWindow } from "./count-window.ts";
import type { Erased } from "./erased.ts";
import { keyedUpstreamsOf, ORIGIN, typeOfUpstreams } from "./origin.ts";
import type { KeyedUpstreams } from "./recording.ts";
import type { BroadcastStream, KeyedStream } from "./streams.ts";

/** A stream split by a key. */
export class RecordedKeyedStream extends RecordedStream implements KeyedStream<Erased, Erased> {
  readonly "~millrace" = "keyedStream";

  process(given: GivenFunction | PerSubtask<GivenFunction>): Erased {
    const { node, outputs } = processNode<KeyedProcessFunction<unknown, unknown, unknown>>(
      "process",
      given,
      ["onRecord"],
      (fn) => ({ kind: "keyedProcess", keySelector: this.#selector, fn }),
    );
    return this.recording.streams.operator({ ...node, inputs: this.edges() }, outputs);
  }

  reduce(fn: ReduceFunction<Erased>): Erased {
    requireFunction("reduce", "the reduce function", fn);
    return this.#reduce(fn, undefined);
  }

  aggregate(given: AggregateArgument, result?: (key: Erased, result: Erased) => Erased): Erased {
    if (result !== undefined) requireFunction("aggregate", "the result function", result);
    return this.recording.streams.operator({
      spec: {
        kind: "keyedAggregate",
        keySelector: this.#selector,
        aggregate: aggregateArgument(given, typeOfUpstreams(this.upstreams)),
        result: result ?? ((_key, value) => value),
      },
      inputs: this.edges(),
    });
  }

  sum(field: string): Erased {
    return this.#reduce(fieldReduce("sum", field), `Sum(${field})`);
  }

  min(field: string): Erased {
    return this.#reduce(fieldReduce("min", field), `Min(${field})`);
  }

  max(field: string): Erased {
    return this.#reduce(fieldReduce("max", field), `Max(${field})`);
  }

  minBy(field: string): Erased {
    return this.#reduce(fieldReduce("minBy", field), `MinBy(${field})`);
  }

  maxBy(field: string): Erased {
    return this.#reduce(fieldReduce("maxBy", field), `MaxBy(${field})`);
  }

  window(assigner: WindowAssigner<Erased, Window>): Erased {
    return this.recording.streams.windowed(this.upstreams, this.#selector, assigner);
  }

  countWindow(size: number, slide?: number): Erased {
    const { assigner, trigger, evictor } = countWindow("countWindow", size, slide);
    const windows = this.recording.streams
      .windowed(this.upstreams, this.#selector, assigner)
      .trigger(trigger);
    return evictor === undefined ? windows : windows.evictor(evictor);
  }

  intervalJoin(other: KeyedStream<Erased, Erased>): Erased {
    return this.recording.streams.intervalJoin(
      this.#keyed,
      keyedUpstreamsOf(other, "intervalJoin", this.recording),
    );
  }

  connect(other: KeyedStream<Erased, Erased> | BroadcastStream<Erased, Erased>): Erased {
    return isBroadcastStream(other)
      ? this.recording.streams.keyedBroadcastConnected(this.#keyed, other)
      : this.recording.streams.keyedConnected(
          this.#keyed,
          keyedUpstreamsOf(other, "connect", this.recording),
        );
  }

  #reduce(reduce: ReduceFunction<Erased>, name: string | undefined): Erased {
    const type = typeOfUpstreams(this.upstreams);
    return this.recording.streams.operator({
      spec: { kind: "keyedReduce", keySelector: this.#selector, reduce, type },
      name,
      inputs: this.edges(),
      outputType: type,
    });
  }

  protected override element(made: SpecWithFactory): SpecWithFactory & { readonly name?: string } {
    return keyedElement(made, this.#selector);
  }

  get #selector(): KeySelector<unknown, unknown> {
    return this.#keyed.selector;
  }

  get #keyed(): KeyedUpstreams {
    return { upstreams: this.upstreams, selector: this[ORIGIN].selector! };
  }
}
