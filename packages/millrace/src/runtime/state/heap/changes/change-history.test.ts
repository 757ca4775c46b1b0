import { describe, expect, it } from "vitest";
import type { StateBytes } from "../../../../protocol/control/snapshots.ts";
import { hasBit } from "./bits.ts";
import { ChangeHistory, type SnapshotPlan } from "./change-history.ts";
import type { ChainPolicy } from "./chain-policy.ts";
import { EntryChanges } from "./entry-changes.ts";
import { ChangeTracking } from "./tracking.ts";

const POLICY: ChainPolicy = { smallestFull: 100, smallestPart: 0, longest: 3, mostChanges: 1 };
const ENTRIES = 100;

/** One column of a hundred entries, of which all are there; snapshots are as large as their rows say. */
class Subject {
  readonly tracking = new ChangeTracking();
  readonly changes = new EntryChanges(this.tracking);
  readonly #history: ChangeHistory;
  readonly #plans = new Map<number, SnapshotPlan>();
  #watermark = 0;

  constructor(policy: Partial<ChainPolicy> = {}) {
    this.#history = new ChangeHistory(this.tracking, { ...POLICY, ...policy });
    this.changes.reserve(ENTRIES);
  }

  change(...ids: readonly number[]): void {
    for (const id of ids) if (!this.changes.has(id)) this.changes.add(id, true);
  }

  remove(id: number): void {
    this.change(id);
    this.changes.remove(id, `key ${id}`);
  }

  /** Begins a snapshot; answers what it is to write: "all", or the ids that have changed and the keys that went. */
  begin(id: number, kind: "incremental" | "full" | "savepoint" = "incremental"): unknown {
    const delta = this.changes.cut();
    const plan = this.#history.begin({
      checkpointId: id,
      canonical: kind === "savepoint",
      incremental: kind === "incremental",
      delta: { entries: new Map(delta === undefined ? [] : [[this.changes, delta]]), dropped: new Map() },
      entries: ENTRIES,
      watermarks: Float64Array.of(this.#watermark++),
    });
    this.#plans.set(id, plan);
    if (plan.base === undefined) return "all";
    const each = plan.base.delta.entries.get(this.changes);
    if (each === undefined) return [];
    const ids = Array.from({ length: ENTRIES }, (_, i) => i).filter((i) => hasBit(each.changed, i));
    return [...ids, ...each.removed];
  }

  /** The next snapshot has the watermark of the last one. */
  standStill(): void {
    this.#watermark--;
  }

  /** Ends it with a part of so many bytes; answers the bytes of its chain. */
  written(id: number, bytes?: number): readonly number[] {
    const part: StateBytes | undefined =
      bytes === undefined ? undefined : { kind: "file", path: `${id}`, length: bytes };
    const chain = this.#plans.get(id)!.written(part);
    return chain!.parts.map((each) => (each.kind === "file" ? each.length : 0));
  }

  complete(id: number): void {
    this.#history.complete(id);
  }

  abort(id: number): void {
    this.#history.abort(id);
  }

  /** A checkpoint from its beginning to its confirmation. */
  checkpoint(id: number, bytes: number): readonly number[] {
    this.begin(id);
    const chain = this.written(id, bytes);
    this.complete(id);
    return chain;
  }
}

describe("ChangeHistory", () => {
  it("writes everything until there is a confirmed checkpoint, then changes", () => {
    const subject = new Subject();
    subject.change(1);
    expect(subject.begin(1)).toBe("all");
    subject.written(1, 1000);
    subject.change(2);
    expect(subject.begin(2)).toBe("all");
    subject.complete(1);
    subject.change(3);
    // The second would take the first one's files with it.
    expect(subject.begin(3)).toBe("all");
    subject.abort(2);
    subject.abort(3);
    subject.remove(4);
    expect(subject.begin(4)).toEqual([2, 3, 4, "key 4"]);
    expect(subject.written(4, 40)).toEqual([1000, 40]);
    subject.complete(4);
    expect(subject.begin(5)).toEqual([]);
  });

  it("tells of changes since the last confirmed one, whatever came in between", () => {
    const subject = new Subject();
    subject.checkpoint(1, 1000);
    subject.change(1);
    expect(subject.begin(2)).toEqual([1]);
    subject.written(2, 10);
    subject.remove(2);
    expect(subject.begin(3, "savepoint")).toBe("all");
    subject.change(3);
    expect(subject.begin(4)).toEqual([1, 2, 3, "key 2"]);
    expect(subject.written(4, 20)).toEqual([1000, 20]);
    subject.complete(2);
    subject.complete(3);
    subject.change(4);
    expect(subject.begin(5)).toEqual([2, 3, 4, "key 2"]);
    expect(subject.written(5, 30)).toEqual([1000, 10, 30]);
    subject.complete(5);
    // Too late: it is older than the last one.
    subject.complete(4);
    subject.change(5);
    expect(subject.begin(6)).toEqual([5]);
  });

  it("begins anew when changes are many, or their parts", () => {
    const many = new Subject();
    many.checkpoint(1, 1000);
    many.change(...Array.from({ length: 70 }, (_, i) => i));
    expect(many.checkpoint(2, 700)).toEqual([1000, 700]);
    many.change(...Array.from({ length: 31 }, (_, i) => i));
    expect(many.begin(3)).toBe("all");

    const long = new Subject();
    const lengths = [1, 2, 3, 4, 5].map((id) => {
      long.change(id);
      return long.checkpoint(id, 1000 - id).length;
    });
    expect(lengths).toEqual([1, 2, 1, 2, 1]);

    const parts = new Subject();
    expect(
      [1, 2, 3, 4, 5, 6].map((id) => {
        parts.change(id);
        return parts.checkpoint(id, id % 5 === 1 ? 1000 : 10).length;
      }),
    ).toEqual([1, 2, 3, 4, 1, 1]);
  });

  it("writes little state anew each time", () => {
    const subject = new Subject();
    subject.checkpoint(1, 99);
    subject.change(1);
    expect(subject.begin(2)).toBe("all");
  });

  it("writes what a small part held together with what is new", () => {
    const subject = new Subject({ smallestPart: 50 });
    subject.checkpoint(1, 1000);
    for (const id of [2, 3, 4, 5]) {
      subject.change(id);
      expect(subject.checkpoint(id, 20)).toEqual([1000, 20]);
    }
    subject.remove(6);
    expect(subject.begin(6)).toEqual([2, 3, 4, 5, 6, "key 6"]);
    expect(subject.written(6, 60)).toEqual([1000, 60]);
    subject.complete(6);
    subject.change(7);
    expect(subject.begin(7)).toEqual([7]);
    expect(subject.written(7, 20)).toEqual([1000, 60, 20]);
  });

  it("writes nothing where nothing is new", () => {
    const subject = new Subject({ smallestPart: 50 });
    subject.checkpoint(1, 1000);
    subject.change(1);
    subject.checkpoint(2, 20);
    subject.standStill();
    expect(subject.begin(3)).toEqual([]);
    expect(subject.written(3)).toEqual([1000, 20]);
    subject.complete(3);
    subject.change(2);
    expect(subject.begin(4)).toEqual([1, 2]);
  });

  it("remembers no more removals than there is state, then begins anew", () => {
    const subject = new Subject();
    subject.checkpoint(1, 1e6);
    for (let i = 0; i <= 100_000; i++) {
      subject.changes.add(0, true);
      subject.changes.remove(0, i);
    }
    expect(subject.tracking.on).toBe(false);
    expect(subject.begin(2)).toBe("all");
    subject.written(2, 1e6);
    subject.complete(2);
    subject.remove(1);
    expect(subject.begin(3)).toEqual([1, "key 1"]);
  });

  it("remembers nothing where nobody asks for changes", () => {
    const subject = new Subject();
    subject.begin(1, "full");
    subject.written(1, 1000);
    subject.complete(1);
    subject.remove(1);
    expect(subject.changes.removals).toBe(0);
    subject.begin(2, "full");
    subject.complete(2);
    // Nobody knows what has changed before.
    expect(subject.begin(3)).toBe("all");
  });
});
