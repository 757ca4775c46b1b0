import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ManualClock } from "../../../../common/clock/manual-clock.ts";
import type {
  Source,
  SourceSplit,
  SplitEnumerator,
  SplitEnumeratorContext,
} from "../../../../common/connector/source.ts";
import type { MillraceError } from "../../../../common/errors/millrace-error.ts";
import { SourceCoordinator } from "./source-coordinator.ts";

const READERS = 3;

/** Hands out splits when it is told to; its state are those it has. */
class Pool implements SplitEnumerator<SourceSplit, readonly SourceSplit[]> {
  splits: readonly SourceSplit[];
  readonly #context: SplitEnumeratorContext<SourceSplit>;

  constructor(context: SplitEnumeratorContext<SourceSplit>, splits: readonly SourceSplit[]) {
    this.#context = context;
    this.splits = splits;
  }

  start(): void {}
  addReader(): void {}
  handleSplitRequest(): void {}
  close(): void {}

  addSplitsBack(splits: readonly SourceSplit[]): void {
    this.splits = [...this.splits, ...splits];
  }

  snapshotState(): readonly SourceSplit[] {
    return this.splits;
  }

  assign(subtask: number): void {
    const [split, ...rest] = this.splits;
    if (split === undefined) return;
    this.splits = rest;
    this.#context.assignSplits(subtask, [split]);
  }
}

/** A source of `count` splits with its coordinator, and readers that keep what they are given. */
class Rig {
  pool!: Pool;
  readonly failures: MillraceError[] = [];
  /** What each reader holds, and what was sent besides. */
  readonly held: string[][] = Array.from({ length: READERS }, () => []);
  readonly coordinator: SourceCoordinator;

  constructor(count: number, state?: Uint8Array) {
    const source: Source<unknown, SourceSplit, readonly SourceSplit[]> = {
      name: "pool",
      boundedness: "bounded",
      guarantee: "exactly-once",
      createEnumerator: (context, restored) => {
        const all = Array.from({ length: count }, (_, i) => ({ splitId: `s${i}` }));
        return (this.pool = new Pool(context, restored ?? all));
      },
      createReader: () => expect.fail("no reader runs here"),
    };
    this.coordinator = new SourceCoordinator(source, {
      operatorName: "pool",
      parallelism: READERS,
      clock: new ManualClock(),
      assignSplits: (subtask, splits) => this.held[subtask]?.push(...splits.map(({ splitId }) => splitId)),
      noMoreSplits: (subtask) => this.held[subtask]?.push("end"),
      sendEvent: (subtask, event) => this.held[subtask]?.push(`event ${String(event)}`),
      fail: (error) => this.failures.push(error),
    });
    this.coordinator.start(state);
  }
}

describe("SourceCoordinator", () => {
  it("keeps what is for a reader until it registers, in order, what it was restored with first", () => {
    const rig = new Rig(2);
    rig.pool.assign(1);
    rig.coordinator.restoreSplits(1, [{ splitId: "restored" }]);
    expect(rig.held[1]).toEqual([]);
    rig.coordinator.register(1);
    rig.pool.assign(1);
    expect(rig.held[1]).toEqual(["restored", "s0", "s1"]);
  });

  it("holds what the enumerator says from its snapshot on, until the triggers are out", () => {
    const rig = new Rig(2);
    rig.coordinator.register(0);
    const state = rig.coordinator.snapshot(1, true);
    rig.pool.assign(0);
    expect(rig.held[0]).toEqual([]);
    rig.coordinator.release();
    expect(rig.held[0]).toEqual(["s0"]);
    // The snapshot still has it.
    expect(new Rig(0, state).pool.splits).toEqual([{ splitId: "s0" }, { splitId: "s1" }]);
  });

  it("tells an enumerator that starts late of the readers that are there", () => {
    const told: number[] = [];
    const coordinator = new SourceCoordinator(
      {
        name: "late",
        boundedness: "bounded",
        guarantee: "exactly-once",
        createEnumerator: () => ({
          start() {},
          addReader: (subtask) => told.push(subtask),
          handleSplitRequest() {},
          addSplitsBack() {},
          snapshotState: () => undefined,
          close() {},
        }),
        createReader: () => expect.fail("no reader runs here"),
      },
      {
        operatorName: "late",
        parallelism: 2,
        clock: new ManualClock(),
        assignSplits() {},
        noMoreSplits() {},
        sendEvent() {},
        fail() {},
      },
    );
    coordinator.register(1);
    coordinator.start(undefined);
    coordinator.register(0);
    expect(told).toEqual([1, 0]);
  });

  it("names its source when its enumerator can't be read back", () => {
    const rig = new Rig(1, Uint8Array.of(0xff, 1, 2));
    expect(rig.failures.map(({ code, message }) => [code, message.split(":")[0]])).toEqual([
      ["CHECKPOINT_CORRUPT", 'source "pool" failed'],
    ]);
  });

  it("gives a reader that starts again its splits anew, whatever was said to it when it was lost", () => {
    const sent: string[] = [];
    let waiting: number[] = [];
    let splits: SourceSplit[] = [{ splitId: "own" }];
    let serve!: () => void;
    const coordinator = new SourceCoordinator(
      {
        name: "shares",
        boundedness: "bounded",
        guarantee: "exactly-once",
        createEnumerator: (context) => {
          serve = () => {
            for (const subtask of waiting.splice(0)) {
              if (splits.length === 0) context.signalNoMoreSplits(subtask);
              else context.assignSplits(subtask, splits.splice(0));
            }
          };
          return {
            start() {},
            addReader: (subtask) => (waiting = waiting.filter((other) => other !== subtask)),
            handleSplitRequest: (subtask) => void waiting.push(subtask),
            addSplitsBack: (back) => (splits = [...splits, ...back]),
            snapshotState: () => splits,
            close() {},
          };
        },
        createReader: () => expect.fail("no reader runs here"),
      },
      {
        operatorName: "shares",
        parallelism: 1,
        clock: new ManualClock(),
        assignSplits: (_, given) => sent.push(...given.map(({ splitId }) => splitId)),
        noMoreSplits: () => sent.push("end"),
        sendEvent() {},
        fail() {},
      },
    );
    coordinator.start(undefined);
    coordinator.register(0);
    const ask = (): void => {
      coordinator.requestSplit(0);
      serve();
    };
    ask();
    expect(sent.splice(0)).toEqual(["own"]);
    // It waits for another one when it is lost, and is told that there is none; then it asks once more.
    coordinator.requestSplit(0);
    coordinator.readerLost(0);
    serve();
    ask();
    coordinator.readerRestarts(0);
    coordinator.register(0);
    expect(sent).toEqual([]);
    ask();
    ask();
    expect(sent).toEqual(["own", "end"]);
  });

  it("has each split in one place only, however readers fail and checkpoints go", () => {
    const step = fc.oneof(
      fc.record({
        do: fc.constantFrom("assign" as const, "assign" as const, "fail" as const),
        reader: fc.nat(READERS - 1),
      }),
      fc.record({
        do: fc.constantFrom("checkpoint" as const, "abort" as const, "savepoint" as const),
        reader: fc.nat(READERS - 1),
      }),
    );
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 12 }), fc.array(step, { maxLength: 40 }), (count, steps) => {
        const rig = new Rig(count);
        for (let reader = 0; reader < READERS; reader++) rig.coordinator.register(reader);
        /** What readers held in the last completed checkpoint. */
        let checkpoint: readonly (readonly string[])[] = rig.held.map(() => []);
        let id = 0;
        for (const { do: what, reader } of steps) {
          switch (what) {
            case "assign":
              rig.pool.assign(reader);
              break;
            case "fail":
              rig.coordinator.readerLost(reader);
              // Meanwhile others get something, and so does who is not there.
              rig.pool.assign((reader + 1) % READERS);
              rig.pool.assign(reader);
              rig.held[reader]?.splice(0);
              rig.coordinator.readerRestarts(reader);
              rig.coordinator.restoreSplits(
                reader,
                (checkpoint[reader] ?? []).map((splitId) => ({ splitId })),
              );
              rig.coordinator.register(reader);
              break;
            default: {
              rig.coordinator.snapshot(++id, what !== "savepoint");
              rig.pool.assign(reader);
              const then = rig.held.map((held) => [...held]);
              rig.coordinator.release();
              if (what !== "checkpoint") break;
              checkpoint = then;
              rig.coordinator.checkpointComplete(id);
            }
          }
          const everywhere = [...rig.pool.splits.map(({ splitId }) => splitId), ...rig.held.flat()];
          expect([...everywhere].sort()).toEqual(Array.from({ length: count }, (_, i) => `s${i}`).sort());
        }
      }),
    );
  });
});
