import { describe, expect, it } from "vitest";
import { TaskFlow } from "./task-flow.ts";

/** Emits `total` records, one for each call that finds room. */
class Counting {
  emitted = 0;
  readonly #room: () => boolean;
  readonly #total: number;
  constructor(total: number, room: () => boolean) {
    this.#total = total;
    this.#room = room;
  }
  advance(): boolean {
    while (this.emitted < this.#total) {
      if (!this.#room()) return false;
      this.emitted++;
    }
    return true;
  }
}

describe("TaskFlow", () => {
  // 0 -> 1 -> 2, and 0 -> 3
  const tree = [-1, 0, 1, 0];

  it("blocks everything above a writer without room, and nothing beside it", () => {
    const flow = new TaskFlow(tree);
    flow.writersBlocked(1, true);
    expect([0, 1, 2, 3].map((node) => flow.of(node).blocked)).toEqual([true, true, false, false]);
    expect(flow.input.blocked).toBe(true);
    flow.writersBlocked(1, false);
    expect([0, 1, 2, 3].some((node) => flow.of(node).blocked) || flow.input.blocked).toBe(false);
  });

  it("blocks everything above an operator that holds, but not itself", () => {
    const flow = new TaskFlow(tree);
    flow.hold(2, true);
    flow.hold(2, true);
    expect([0, 1, 2, 3].map((node) => flow.of(node).blocked)).toEqual([true, true, false, false]);
    flow.hold(2, false);
    expect(flow.input.blocked).toBe(false);
  });

  it("counts several reasons: the last one to go unblocks", () => {
    const flow = new TaskFlow(tree);
    flow.writersBlocked(2, true);
    flow.hold(3, true);
    flow.writersBlocked(2, false);
    expect(flow.input.blocked).toBe(true);
    expect(flow.of(1).blocked).toBe(false);
    flow.hold(3, false);
    expect(flow.input.blocked).toBe(false);
  });

  it("runs a cursor at once while there is room, and leaves no trace of it", () => {
    const flow = new TaskFlow([-1]);
    const cursor = new Counting(5, () => !flow.of(0).blocked);
    flow.run(0, cursor);
    expect(cursor.emitted).toBe(5);
    expect(flow.hasPending).toBe(false);
  });

  it("resumes a stopped cursor when there is room, and blocks the input until it is done", () => {
    const flow = new TaskFlow([-1, 0]);
    let room = 2;
    const cursor = new Counting(5, () => room-- > 0);
    flow.run(1, cursor);
    expect(cursor.emitted).toBe(2);
    expect(flow.hasPending).toBe(true);
    expect(flow.input.blocked).toBe(true);
    expect(flow.of(0).blocked).toBe(true);
    expect(flow.of(1).blocked).toBe(false);
    room = 10;
    expect(flow.advancePending()).toBe(true);
    expect(cursor.emitted).toBe(5);
    expect(flow.hasPending).toBe(false);
    expect(flow.input.blocked).toBe(false);
  });

  it("resumes the cursor furthest down first, and those above only after it", () => {
    const flow = new TaskFlow([-1, 0]);
    const order: string[] = [];
    let open = false;
    const cursor = (name: string, node: number) => ({
      advance() {
        if (!open || flow.of(node).blocked) return false;
        order.push(name);
        return true;
      },
    });
    flow.run(1, cursor("below", 1));
    flow.run(0, cursor("above", 0));
    open = true;
    flow.advancePending();
    expect(order).toEqual(["below", "above"]);
    expect(flow.input.blocked).toBe(false);
  });

  it("keeps the order of several cursors of one operator", () => {
    const flow = new TaskFlow([-1]);
    const order: number[] = [];
    let open = false;
    for (const n of [1, 2, 3]) flow.run(0, { advance: () => open && order.push(n) > 0 });
    open = true;
    flow.advancePending();
    expect(order).toEqual([1, 2, 3]);
  });
});
