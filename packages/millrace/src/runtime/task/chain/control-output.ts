import type { Timestamp } from "../../../common/time/timestamps.ts";
import type { Operator, Output } from "../../operators/operator.ts";
import type { ChainTarget } from "./chain-node.ts";

/**
 * The part of a node's output that is not hot, the same for linked and generated chains: watermarks and idleness to each
 * target in turn.
 */
export class ControlOutput {
  readonly #from: number;
  readonly #targets: readonly ChainTarget[];
  readonly #outputs: () => readonly Output<unknown>[];
  readonly #operators: () => readonly Operator[];
  readonly #enter: (node: number) => void;

  constructor(
    from: number,
    targets: readonly ChainTarget[],
    operators: () => readonly Operator[],
    outputs: () => readonly Output<unknown>[],
    enter: (node: number) => void,
  ) {
    this.#from = from;
    this.#targets = targets;
    this.#operators = operators;
    this.#outputs = outputs;
    this.#enter = enter;
  }

  watermark(watermark: Timestamp): void {
    for (const target of this.#targets) {
      if (target.kind === "writer") target.writer.watermark(watermark);
      else deliverWatermark(target.index, watermark, this.#operators(), this.#outputs(), this.#enter);
    }
    this.#enter(this.#from);
  }

  idle(idle: boolean): void {
    for (const target of this.#targets) {
      if (target.kind === "writer") target.writer.idle(idle);
      else deliverIdle(target.index, idle, this.#operators(), this.#outputs());
    }
  }
}

/** Hands a watermark to an operator, which forwards it; operators without an opinion let it pass. */
export function deliverWatermark(
  node: number,
  watermark: Timestamp,
  operators: readonly Operator[],
  outputs: readonly Output<unknown>[],
  enter: (node: number) => void,
): void {
  const operator = operators[node] as Operator;
  if (operator.processWatermark === undefined) {
    (outputs[node] as Output<unknown>).watermark(watermark);
    return;
  }
  enter(node);
  operator.processWatermark(watermark);
}

/** Hands an idle change to an operator, which forwards it. */
export function deliverIdle(
  node: number,
  idle: boolean,
  operators: readonly Operator[],
  outputs: readonly Output<unknown>[],
): void {
  const operator = operators[node] as Operator;
  if (operator.processIdle === undefined) (outputs[node] as Output<unknown>).idle(idle);
  else operator.processIdle(idle);
}
