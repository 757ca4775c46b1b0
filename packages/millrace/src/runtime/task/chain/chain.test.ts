import { describe, expect, it } from "vitest";
import { ElementKind } from "../../../common/codec/frame-codec.ts";
import type { ElementCursor, ElementKind as Kind } from "../../../common/codec/frame-codec.ts";
import { operatorUid } from "../../../common/ids/ids.ts";
import type { OperatorSpec } from "../../../graph/stream/operator-spec.ts";
import type { PoisonPolicy } from "../../../graph/stream/stream-graph.ts";
import type { Operator, Output } from "../../operators/operator.ts";
import { TaskFlow } from "../task-flow.ts";
import { Drained } from "./chain-node.ts";
import type { Chain, ChainNode, ChainTarget } from "./chain-node.ts";
import { CompiledChain } from "./compiled-chain.ts";
import { LinkedChain } from "./linked-chain.ts";

/** Records what it is given. */
class Recorder implements Output<unknown> {
  readonly seen: unknown[] = [];
  record(value: unknown, timestamp: number): void {
    this.seen.push([value, timestamp]);
  }
  watermark(watermark: number): void {
    this.seen.push(`watermark ${watermark}`);
  }
  idle(idle: boolean): void {
    this.seen.push(idle ? "idle" : "active");
  }
}

/** Walks a list; numbers below 0 are watermarks of their absolute value. */
class ListCursor implements ElementCursor<unknown> {
  value: unknown;
  timestamp = 0;
  readonly #items: readonly unknown[];
  #next = 0;
  constructor(items: readonly unknown[]) {
    this.#items = items;
  }
  next(): Kind {
    const item = this.#items[this.#next++];
    if (item === undefined) return ElementKind.END;
    if (typeof item === "number" && item < 0) {
      this.timestamp = -item;
      return ElementKind.WATERMARK;
    }
    this.value = item;
    this.timestamp = this.#next * 10;
    return ElementKind.RECORD;
  }
}

type Step =
  | {
      readonly kind: "map" | "filter" | "flatMap";
      readonly fn: (value: never, out: { collect(value: unknown): void }) => unknown;
    }
  /** An operator that is an object: what it emits for a record, by the outputs that it is given. */
  | {
      readonly kind: "process";
      readonly fn: (value: never, emit: (value: unknown) => void, side: (value: unknown) => void) => void;
    };

interface Piece {
  readonly step: Step;
  readonly parent?: number;
  readonly fromSide?: boolean;
  readonly poison?: PoisonPolicy;
  readonly writers?: readonly Output<unknown>[];
  readonly sideWriters?: readonly Output<unknown>[];
}

type ProcessFn = (value: never, emit: (value: unknown) => void, side: (value: unknown) => void) => void;

class ProcessOperator implements Operator {
  readonly #fn: ProcessFn;
  readonly #output: Output<unknown>;
  readonly #side: Output<unknown> | undefined;
  constructor(fn: ProcessFn, output: Output<unknown>, side: Output<unknown> | undefined) {
    this.#fn = fn;
    this.#output = output;
    this.#side = side;
  }
  open(): void {}
  close(): void {}
  processRecord(value: unknown, timestamp: number): void {
    this.#fn(
      value as never,
      (out) => this.#output.record(out, timestamp),
      (out) => this.#side?.record(out, timestamp),
    );
  }
}

/** The object that a linked chain calls where a generated one calls the function. */
class FunctionOperator implements Operator {
  readonly #step: Exclude<Step, { kind: "process" }>;
  readonly #output: Output<unknown>;
  constructor(step: Exclude<Step, { kind: "process" }>, output: Output<unknown>) {
    this.#step = step;
    this.#output = output;
  }
  open(): void {}
  close(): void {}
  processRecord(value: unknown, timestamp: number): void {
    const { kind, fn } = this.#step;
    const result = fn(value as never, { collect: (out) => this.#output.record(out, timestamp) });
    if (kind === "map") this.#output.record(result, timestamp);
    else if (kind === "filter") {
      if (result === true) this.#output.record(value, timestamp);
    } else if (result !== undefined)
      for (const out of result as Iterable<unknown>) this.#output.record(out, timestamp);
  }
}

interface Built {
  readonly chain: Chain;
  readonly flow: TaskFlow;
  readonly poisoned: unknown[];
}

function build(make: (typeof IMPLEMENTATIONS)[number][1], pieces: readonly Piece[], freeze = false): Built {
  const nodes: ChainNode[] = pieces.map(({ step, parent, poison }, index) => ({
    index,
    parent: parent ?? index - 1,
    name: `step ${index}`,
    uid: operatorUid(`uid-${index}`),
    spec: { kind: step.kind, fn: step.fn } as unknown as OperatorSpec,
    poison: poison ?? { kind: "fail" },
    main: [
      ...pieces.flatMap((piece, i): ChainTarget[] =>
        i > 0 && (piece.parent ?? i - 1) === index && piece.fromSide !== true
          ? [{ kind: "operator", index: i }]
          : [],
      ),
      ...(pieces[index]?.writers ?? []).map((writer): ChainTarget => ({ kind: "writer", writer })),
    ],
    sides: new Map([
      [
        "side",
        [
          ...pieces.flatMap((piece, i): ChainTarget[] =>
            i > 0 && (piece.parent ?? i - 1) === index && piece.fromSide === true
              ? [{ kind: "operator", index: i }]
              : [],
          ),
          ...(pieces[index]?.sideWriters ?? []).map((writer): ChainTarget => ({ kind: "writer", writer })),
        ],
      ],
    ]),
  }));
  const flow = new TaskFlow(nodes.map(({ parent }) => parent));
  const poisoned: unknown[] = [];
  const chain = make(nodes, {
    flow: flow.input,
    unique: "test",
    freeze,
    poison: (node, error, record) => poisoned.push([node, (error as Error).message, record]),
  });
  chain.bind(
    pieces.map(({ step }, index) =>
      step.kind === "process"
        ? new ProcessOperator(
            step.fn,
            chain.outputs[index] as Output<unknown>,
            chain.sideOutput(index, "side"),
          )
        : new FunctionOperator(step, chain.outputs[index] as Output<unknown>),
    ),
  );
  return { chain, flow, poisoned };
}

const drainAll = (chain: Chain, items: readonly unknown[]): Drained =>
  chain.drain(0, new ListCursor(items), 1000);
const fail = (message: string): never => {
  throw new RangeError(message);
};

const IMPLEMENTATIONS = [
  ["linked", (...args: ConstructorParameters<typeof LinkedChain>): Chain => new LinkedChain(...args)],
  ["generated", (...args: ConstructorParameters<typeof CompiledChain>): Chain => new CompiledChain(...args)],
] as const;

describe.each(IMPLEMENTATIONS)("a %s chain", (_, make) => {
  it("runs records through map, filter and flatMap, in order and with their timestamps", () => {
    const out = new Recorder();
    const { chain } = build(make, [
      { step: { kind: "map", fn: (n: number) => n + 1 } },
      { step: { kind: "filter", fn: (n: number) => n % 2 === 0 } },
      { step: { kind: "flatMap", fn: (n: number) => [n, -n] } },
      {
        step: {
          kind: "flatMap",
          fn: (n: number, c) => {
            c.collect(`a${n}`);
            if (n < 0) c.collect(`b${n}`);
          },
        },
        writers: [out],
      },
    ]);
    expect(drainAll(chain, [1, 2, 3])).toBe(Drained.END);
    expect(out.seen).toEqual([
      ["a2", 10],
      ["a-2", 10],
      ["b-2", 10],
      ["a4", 30],
      ["a-4", 30],
      ["b-4", 30],
    ]);
    expect(chain.recordsIn).toBe(3);
  });

  it("feeds branches, side outputs and several writers, each record to all of them before the next", () => {
    const out = new Recorder();
    const side = new Recorder();
    const { chain } = build(make, [
      {
        step: {
          kind: "process",
          fn: (n: number, emit, toSide) => {
            emit(n);
            toSide(`side ${n}`);
            emit(n * 100);
          },
        },
        writers: [out],
        sideWriters: [side],
      },
      { step: { kind: "map", fn: (n: number) => `left ${n}` }, parent: 0, writers: [out] },
      { step: { kind: "map", fn: (n: number) => `right ${n}` }, parent: 0, writers: [out] },
      { step: { kind: "map", fn: (s: string) => `${s}!` }, parent: 0, fromSide: true, writers: [side] },
    ]);
    drainAll(chain, [1]);
    expect(out.seen.map((item) => (item as unknown[])[0])).toEqual([
      "left 1",
      "right 1",
      1,
      "left 100",
      "right 100",
      100,
    ]);
    expect(side.seen.map((item) => (item as unknown[])[0])).toEqual(["side 1!", "side 1"]);
  });

  it("stops on watermarks and limits, goes on where it stopped, and stops when there is no room", () => {
    const out = new Recorder();
    const { chain, flow } = build(make, [{ step: { kind: "map", fn: (n: number) => n }, writers: [out] }]);
    const cursor = new ListCursor([1, -5, 2, 3, 4]);
    expect(chain.drain(0, cursor, 10)).toBe(Drained.WATERMARK);
    expect(cursor.timestamp).toBe(5);
    expect(chain.drain(0, cursor, 1)).toBe(Drained.LIMIT);
    flow.writersBlocked(0, true);
    expect(chain.drain(0, cursor, 10)).toBe(Drained.BLOCKED);
    flow.writersBlocked(0, false);
    expect(chain.drain(0, cursor, 10)).toBe(Drained.END);
    expect(out.seen.map((item) => (item as unknown[])[0])).toEqual([1, 2, 3, 4]);
    expect(chain.recordsIn).toBe(4);
  });

  it("names the operator at work and its record when a function throws, also after its neighbours had worked", () => {
    const { chain } = build(make, [
      { step: { kind: "map", fn: (n: number) => ({ n }) } },
      {
        step: {
          kind: "flatMap",
          fn: (r: { n: number }, c) => {
            c.collect(r.n);
            if (r.n === 2) fail("second");
          },
        },
      },
      { step: { kind: "map", fn: (n: number) => (n === 3 ? fail("third") : n) } },
    ]);
    expect(() => drainAll(chain, [1, 2])).toThrow("second");
    expect(chain.trace()).toEqual({ node: 1, record: { n: 2 } });
    expect(() => drainAll(chain, [3])).toThrow("third");
    expect(chain.trace()).toEqual({ node: 2, record: 3 });
  });

  it("hands what a tolerant operator throws to its policy, and goes on within whoever called it", () => {
    const out = new Recorder();
    const { chain, poisoned } = build(make, [
      {
        step: {
          kind: "process",
          fn: (n: number, emit) => {
            for (let i = 0; i < 3; i++) emit(n * 10 + i);
          },
        },
      },
      {
        step: { kind: "map", fn: (n: number) => (n % 10 === 1 ? fail(`bad ${n}`) : n) },
        poison: { kind: "skip" },
        writers: [out],
      },
    ]);
    drainAll(chain, [1, 2]);
    expect(out.seen.map((item) => (item as unknown[])[0])).toEqual([10, 12, 20, 22]);
    expect(poisoned).toEqual([
      [1, "bad 11", 11],
      [1, "bad 21", 21],
    ]);
  });

  it("does not let a tolerant operator swallow what a strict one behind it throws", () => {
    const { chain, poisoned } = build(make, [
      { step: { kind: "map", fn: (n: number) => n }, poison: { kind: "skip" } },
      { step: { kind: "map", fn: () => fail("strict") } },
    ]);
    expect(() => drainAll(chain, [1])).toThrow("strict");
    expect(chain.trace().node).toBe(1);
    expect(poisoned).toEqual([]);
  });

  it("treats a key that its writer refuses as the failure of the operator in front", () => {
    const refusing: Output<unknown> = { record: () => fail("no key"), watermark() {}, idle() {} };
    const { chain, poisoned } = build(make, [
      { step: { kind: "map", fn: (n: number) => n }, poison: { kind: "skip" }, writers: [refusing] },
    ]);
    drainAll(chain, [7]);
    expect(poisoned).toEqual([[0, "no key", 7]]);
  });

  it("passes watermarks and idleness through operators without an opinion, to all writers", () => {
    const a = new Recorder();
    const b = new Recorder();
    const { chain } = build(make, [
      { step: { kind: "map", fn: (n: number) => n }, writers: [a] },
      { step: { kind: "map", fn: (n: number) => n }, writers: [b] },
    ]);
    const output = chain.outputs[0] as Output<unknown>;
    output.watermark(5);
    output.idle(true);
    expect(a.seen).toEqual(["watermark 5", "idle"]);
    expect(b.seen).toEqual(a.seen);
  });

  it("freezes what operators emit when asked, so that a branch can't see its sibling's change", () => {
    const { chain } = build(
      make,
      [
        { step: { kind: "map", fn: (n: number) => ({ n, inner: { list: [n] } }) } },
        { step: { kind: "map", fn: (r: { inner: { list: number[] } }) => r.inner.list.push(1) } },
      ],
      true,
    );
    expect(() => drainAll(chain, [1])).toThrow(TypeError);
  });
});

it("a generated chain refuses a function that answers with a promise, at its first record", () => {
  const { chain } = build(IMPLEMENTATIONS[1][1], [{ step: { kind: "filter", fn: async () => true } }]);
  expect(() => drainAll(chain, [1])).toThrow(/the function of operator "step 0" answered with a promise/u);
});
