import { describe, expect, it } from "vitest";
import { collectMark } from "../../../common/connector/collect-mark.ts";
import type { ExecutionId } from "../../../common/ids/ids.ts";
import { ClientResults } from "./client-results.ts";
import type { ResultBatch } from "./client-results.ts";

const A = "sink/0#0" as ExecutionId;
const B = "sink/1#0" as ExecutionId;

class Rig {
  readonly acknowledged = new Map<ExecutionId, number>();
  readonly given: ResultBatch[] = [];
  readonly results = new ClientResults((execution, count) => this.acknowledged.set(execution, count));

  constructor(holding: boolean) {
    this.results.holding = holding;
    this.results.listen("out", (batch) => this.given.push(batch));
  }

  /** A batch of `count` records, known by its first byte. */
  send(execution: ExecutionId, name: number, count = 1): void {
    this.results.deliver(execution, "out", Uint8Array.of(name), count);
  }

  mark(execution: ExecutionId, checkpoint: number): void {
    this.results.deliver(execution, "out", collectMark(checkpoint), 0);
  }

  get names(): readonly (number | undefined)[] {
    return this.given.map(({ batch }) => batch[0]);
  }
}

describe("ClientResults", () => {
  it("gives batches at once without checkpoints, and credit when they are taken", () => {
    const rig = new Rig(false);
    rig.send(A, 1, 10);
    rig.mark(A, 1);
    rig.send(A, 2, 5);
    expect(rig.names).toEqual([1, 2]);
    expect(rig.acknowledged.size).toBe(0);
    for (const batch of rig.given) batch.taken();
    expect(rig.acknowledged).toEqual(new Map([[A, 15]]));
  });

  it("keeps batches for who listens late", () => {
    const results = new ClientResults(() => {});
    results.deliver(A, "late", Uint8Array.of(7), 1);
    const given: ResultBatch[] = [];
    results.listen("late", (batch) => given.push(batch));
    expect(given.map(({ batch }) => batch[0])).toEqual([7]);
  });

  it("holds batches until a completed checkpoint covers them", () => {
    const rig = new Rig(true);
    rig.send(A, 1);
    rig.send(B, 2);
    rig.mark(A, 1);
    rig.send(A, 3);
    rig.mark(B, 1);
    expect(rig.names).toEqual([]);
    rig.results.completed(1);
    expect(rig.names).toEqual([1, 2]);
    rig.mark(A, 3);
    rig.results.completed(2);
    expect(rig.names).toEqual([1, 2]);
    rig.results.completed(3);
    expect(rig.names).toEqual([1, 2, 3]);
  });

  it("gives what belongs to a checkpoint that was given up with the next one", () => {
    const rig = new Rig(true);
    rig.send(A, 1);
    rig.mark(A, 1);
    rig.send(A, 2);
    rig.mark(A, 2);
    rig.results.completed(2);
    expect(rig.names).toEqual([1, 2]);
  });

  it("throws away what a failed attempt sent since the last completed checkpoint", () => {
    const rig = new Rig(true);
    rig.send(A, 1);
    rig.mark(A, 1);
    rig.send(A, 2);
    rig.results.completed(1);
    rig.results.dropped([A]);
    rig.send("sink/0#1" as ExecutionId, 2);
    rig.mark("sink/0#1" as ExecutionId, 2);
    rig.results.completed(2);
    expect(rig.names).toEqual([1, 2]);
  });

  it("gives what no checkpoint covers when the job has finished", () => {
    const rig = new Rig(true);
    rig.send(A, 1);
    rig.mark(A, 1);
    rig.send(A, 2);
    rig.results.finished();
    expect(rig.names).toEqual([1, 2]);
  });

  it("gives credit for what is held, but not while the client has much to take", () => {
    const rig = new Rig(true);
    rig.send(A, 1, 5000);
    expect(rig.acknowledged.get(A)).toBe(5000);
    rig.mark(A, 1);
    rig.results.completed(1);
    rig.send(A, 2, 10);
    expect(rig.acknowledged.get(A)).toBe(5000);
    rig.given[0]?.taken();
    expect(rig.acknowledged.get(A)).toBe(5010);
  });
});
