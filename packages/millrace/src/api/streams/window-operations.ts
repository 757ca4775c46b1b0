import type { ReduceFunction } from "../../common/functions/functions.ts";
import type { PerSubtask } from "../../common/functions/per-subtask.ts";
import type { OutputRecord } from "../../common/functions/process-functions.ts";
import type { OutputTag } from "../../common/outputs/output-tag.ts";
import type { TypeInfo } from "../../common/types/type-info.ts";
import type { ProcessWindowFunction, WindowResultFunction } from "../../common/windows/window-functions.ts";
import type { WindowContents, WindowOutput } from "../../graph/stream/operator-spec.ts";
import { aggregateArgument, type AggregateArgument } from "../functions/aggregate-argument.ts";
import { requireFunction } from "../functions/element-specs.ts";
import { sideOutputTypes, type GivenFunction } from "../functions/emitting-function.ts";
import { processNode } from "../functions/process-node.ts";
import type { Erased } from "./erased.ts";
import { edgesTo, typeOfUpstreams } from "./origin.ts";
import type { Recording, Upstreams } from "./recording.ts";
import { windowSpec, type WindowSettings } from "./window-settings.ts";

/** Makes a record of an aggregate: of key, window and result. */
export type ResultFunction = WindowResultFunction<unknown, Erased, unknown, unknown>;
type WindowFunction = ProcessWindowFunction<unknown, Erased, unknown, unknown>;

/** What keyed windows and windows over all records record alike. */
export class WindowOperations {
  readonly recording: Recording;
  readonly upstreams: Upstreams;
  readonly settings: WindowSettings;
  /** One subtask sees all records. */
  readonly nonParallel: boolean;

  constructor(recording: Recording, upstreams: Upstreams, settings: WindowSettings, nonParallel: boolean) {
    this.recording = recording;
    this.upstreams = upstreams;
    this.settings = settings;
    this.nonParallel = nonParallel;
  }

  with(change: Partial<WindowSettings>): WindowOperations {
    return new WindowOperations(
      this.recording,
      this.upstreams,
      { ...this.settings, ...change },
      this.nonParallel,
    );
  }

  get inputType(): TypeInfo<unknown> | undefined {
    return typeOfUpstreams(this.upstreams);
  }

  reduce(
    reduce: ReduceFunction<unknown>,
    result: ResultFunction | undefined,
    mergeable: boolean,
    name?: string,
  ): Erased {
    requireFunction("reduce", "the reduce function", reduce);
    const type = this.inputType;
    return this.#folded(
      (output) => ({ kind: "reduce", reduce, mergeable, type, output }),
      result,
      result === undefined ? type : undefined,
      name,
    );
  }

  aggregate(
    given: AggregateArgument,
    result: ResultFunction | GivenFunction | PerSubtask<GivenFunction> | undefined,
  ): Erased {
    const aggregate = aggregateArgument(given, this.inputType);
    const contents = (output: WindowOutput): WindowContents => ({ kind: "aggregate", aggregate, output });
    if (result === undefined || typeof result === "function")
      return this.#folded(contents, result, undefined, undefined);
    return this.#processed(result, (fn) => contents({ kind: "process", fn }));
  }

  process(given: GivenFunction | PerSubtask<GivenFunction>, name?: string): Erased {
    const type = this.inputType;
    return this.#processed(given, (fn) => ({ kind: "process", type, fn }), name);
  }

  #folded(
    contents: (output: WindowOutput) => WindowContents,
    result: ResultFunction | undefined,
    outputType: TypeInfo<unknown> | undefined,
    name: string | undefined,
  ): Erased {
    if (result !== undefined) requireFunction("a window's aggregate", "the result function", result);
    const output: WindowOutput = result === undefined ? { kind: "bare" } : { kind: "result", fn: result };
    return this.recording.streams.operator(
      {
        spec: windowSpec(this.settings, contents(output)),
        name,
        inputs: edgesTo(this.upstreams),
        outputType,
        sideOutputTypes: sideOutputTypes("window", this.#lateOutputs),
        nonParallel: this.nonParallel,
      },
      this.#lateOutputs,
    );
  }

  #processed(
    given: GivenFunction | PerSubtask<GivenFunction>,
    contents: (fn: WindowFunction) => WindowContents,
    name?: string,
  ): Erased {
    const { node, outputs } = processNode<WindowFunction>(
      "a window's process",
      given,
      ["onWindow"],
      (fn) => windowSpec(this.settings, contents(fn)),
      this.#lateOutputs,
    );
    return this.recording.streams.operator(
      { ...node, name, inputs: edgesTo(this.upstreams), nonParallel: this.nonParallel },
      outputs,
    );
  }

  get #lateOutputs(): OutputRecord {
    const late: OutputTag<unknown> | undefined = this.settings.lateOutput;
    return late === undefined ? {} : { late };
  }
}

/** Whether the second argument of `reduce` is the function that makes the record, not the options. */
export const isResult = (value: unknown): value is ResultFunction => typeof value === "function";
