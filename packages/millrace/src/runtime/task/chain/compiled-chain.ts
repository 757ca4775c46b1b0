import type { ElementCursor } from "../../../common/codec/frame-codec.ts";
import { MillraceError } from "../../../common/errors/millrace-error.ts";
import type { Timestamp } from "../../../common/time/timestamps.ts";
import type { Operator, Output } from "../../operators/operator.ts";
import type { ChainHooks } from "./chain-hooks.ts";
import type { Chain, ChainNode, ChainTarget, ChainTrace, Drained } from "./chain-node.ts";
import { ControlOutput } from "./control-output.ts";
import { deepFreeze } from "../../../common/types/deep-freeze.ts";
import { generateChain } from "./generate-chain.ts";
import { refuseAsync } from "./refuse-async.ts";

type Emit = (value: unknown, timestamp: Timestamp) => void;
type Drain = (cursor: ElementCursor<unknown>, limit: number) => Drained;

/** What the generated text returns. */
interface Generated {
  bind(operators: readonly Operator[]): void;
  readonly drain0: Drain;
  readonly drain1: Drain;
  trace(): ChainTrace;
  enter(node: number): void;
  count(): number;
  readonly outputs: readonly (Emit | undefined)[];
  readonly sides: readonly (readonly Emit[])[];
}

/** Runs a chain through one generated function; see `generateChain`. */
export class CompiledChain implements Chain {
  readonly outputs: readonly Output<unknown>[];
  readonly #generated: Generated;
  readonly #sides: readonly ReadonlyMap<string, Output<unknown>>[];
  #operators: readonly Operator[] = [];

  /** Throws an EvalError where the process forbids code generation. */
  constructor(nodes: readonly ChainNode[], hooks: ChainHooks) {
    const text = generateChain(nodes, hooks.unique, hooks.freeze);
    // oxlint-disable-next-line typescript/no-implied-eval -- the fast path; the text holds indices and fixed words, the user's names only in one comment, stripped to plain characters
    const factory = new Function("h", text) as (h: object) => Generated;
    this.#generated = factory({
      flow: hooks.flow,
      functions: nodes.map((node) => ("fn" in node.spec ? node.spec.fn : undefined)),
      writer: (node: number, side: number, position: number) =>
        writerOf(nodes[node] as ChainNode, side, position),
      refuse: (result: unknown, node: number) => refuseAsync(result, `operator "${nodes[node]?.name ?? ""}"`),
      freeze: deepFreeze,
      poison: (node: number, error: unknown, record: unknown, timestamp: number) =>
        hooks.poison(node, error, record, timestamp),
    });
    const control = (from: number, targets: readonly ChainTarget[]): ControlOutput =>
      new ControlOutput(
        from,
        targets,
        () => this.#operators,
        () => this.outputs,
        (node) => this.enter(node),
      );
    this.outputs = nodes.map(
      (node) =>
        new CompiledOutput(this.#generated.outputs[node.index] ?? inlined, control(node.index, node.main)),
    );
    this.#sides = nodes.map(
      (node) =>
        new Map(
          [...node.sides].map(([tag, targets], k) => [
            tag,
            new CompiledOutput(
              this.#generated.sides[node.index]?.[k] ?? inlined,
              control(node.index, targets),
            ),
          ]),
        ),
    );
  }

  get recordsIn(): number {
    return this.#generated.count();
  }

  sideOutput(node: number, tagId: string): Output<unknown> | undefined {
    return this.#sides[node]?.get(tagId);
  }

  bind(operators: readonly Operator[]): void {
    this.#operators = operators;
    this.#generated.bind(operators);
  }

  drain(input: 0 | 1, cursor: ElementCursor<unknown>, limit: number): Drained {
    return input === 0 ? this.#generated.drain0(cursor, limit) : this.#generated.drain1(cursor, limit);
  }

  trace(): ChainTrace {
    return this.#generated.trace();
  }

  enter(node: number): void {
    this.#generated.enter(node);
  }
}

class CompiledOutput implements Output<unknown> {
  /** A function of the generated text. */
  readonly record: Emit;
  readonly #control: ControlOutput;

  constructor(record: Emit, control: ControlOutput) {
    this.record = record;
    this.#control = control;
  }

  watermark(watermark: Timestamp): void {
    this.#control.watermark(watermark);
  }

  idle(idle: boolean): void {
    this.#control.idle(idle);
  }
}

function inlined(): never {
  throw new MillraceError("INTERNAL", "an operator whose function is called in place emits nothing itself");
}

function writerOf(node: ChainNode, side: number, position: number): Output<unknown> {
  const targets = side < 0 ? node.main : ([...node.sides.values()][side] ?? []);
  const target = targets[position];
  if (target?.kind !== "writer")
    throw new MillraceError("INTERNAL", `node ${node.index} has no writer at ${side}/${position}`);
  return target.writer;
}
