import { ElementKind } from "../../../common/codec/frame-codec.ts";
import type { ElementCursor } from "../../../common/codec/frame-codec.ts";
import type { Timestamp } from "../../../common/time/timestamps.ts";
import type { Operator, Output } from "../../operators/operator.ts";
import type { ChainHooks } from "./chain-hooks.ts";
import { Drained } from "./chain-node.ts";
import type { Chain, ChainNode, ChainTarget, ChainTrace } from "./chain-node.ts";
import { ControlOutput } from "./control-output.ts";
import { deepFreeze } from "../../../common/types/deep-freeze.ts";

/**
 * The plain chain: operators linked by virtual calls. The readable reference for the generated one, and what runs where code
 * generation is forbidden.
 */
export class LinkedChain implements Chain {
  readonly outputs: readonly LinkedOutput[];
  recordsIn = 0;
  readonly #nodes: readonly ChainNode[];
  readonly #hooks: ChainHooks;
  readonly #sides: ReadonlyMap<string, LinkedOutput>[];
  #operators: readonly Operator[] = [];
  #node = 0;
  #record: unknown = undefined;

  constructor(nodes: readonly ChainNode[], hooks: ChainHooks) {
    this.#nodes = nodes;
    this.#hooks = hooks;
    this.outputs = nodes.map((node) => this.#output(node.index, node.main));
    this.#sides = nodes.map(
      (node) => new Map([...node.sides].map(([tag, targets]) => [tag, this.#output(node.index, targets)])),
    );
  }

  sideOutput(node: number, tagId: string): Output<unknown> | undefined {
    return this.#sides[node]?.get(tagId);
  }

  bind(operators: readonly Operator[]): void {
    this.#operators = operators;
  }

  drain(input: 0 | 1, cursor: ElementCursor<unknown>, limit: number): Drained {
    for (let left = limit; left > 0; left--) {
      const kind = cursor.next();
      if (kind !== ElementKind.RECORD) return kind;
      this.recordsIn++;
      this.deliver(0, input, cursor.value, cursor.timestamp);
      if (this.#hooks.flow.blocked) return Drained.BLOCKED;
    }
    return Drained.LIMIT;
  }

  trace(): ChainTrace {
    return { node: this.#node, record: this.#record };
  }

  enter(node: number): void {
    this.#node = node;
    this.#record = undefined;
  }

  /** A record to an operator; what its function throws is handled by its policy, what others throw below it is not. */
  deliver(node: number, input: 0 | 1, value: unknown, timestamp: Timestamp): void {
    this.#node = node;
    this.#record = value;
    const operator = this.#operators[node] as Operator;
    const { poison } = this.#nodes[node] as ChainNode;
    try {
      if (input === 0) operator.processRecord(value, timestamp);
      else operator.processRecord2?.(value, timestamp);
    } catch (error) {
      if (poison.kind === "fail" || this.#node !== node) throw error;
      this.#hooks.poison(node, error, value, timestamp);
    }
  }

  /** What an operator emits: to each target, then the operator is at work again. */
  emit(from: number, targets: readonly ChainTarget[], value: unknown, timestamp: Timestamp): void {
    const record = this.#record;
    if (this.#hooks.freeze) deepFreeze(value);
    for (const target of targets) {
      if (target.kind === "writer") target.writer.record(value, timestamp);
      else this.deliver(target.index, 0, value, timestamp);
      this.#node = from;
      this.#record = record;
    }
  }

  #output(from: number, targets: readonly ChainTarget[]): LinkedOutput {
    const control = new ControlOutput(
      from,
      targets,
      () => this.#operators,
      () => this.outputs,
      (node) => this.enter(node),
    );
    return new LinkedOutput(this, from, targets, control);
  }
}

class LinkedOutput implements Output<unknown> {
  readonly #chain: LinkedChain;
  readonly #from: number;
  readonly #targets: readonly ChainTarget[];
  readonly #control: ControlOutput;

  constructor(chain: LinkedChain, from: number, targets: readonly ChainTarget[], control: ControlOutput) {
    this.#chain = chain;
    this.#from = from;
    this.#targets = targets;
    this.#control = control;
  }

  record(value: unknown, timestamp: Timestamp): void {
    this.#chain.emit(this.#from, this.#targets, value, timestamp);
  }

  watermark(watermark: Timestamp): void {
    this.#control.watermark(watermark);
  }

  idle(idle: boolean): void {
    this.#control.idle(idle);
  }
}
