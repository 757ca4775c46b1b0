import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MillraceError } from "../../../../common/errors/millrace-error.ts";
import { initialState } from "./coordinator-state.ts";
import type { CoordinatorAction, CoordinatorEvent, SnapshotKind } from "./coordinator-state.ts";
import { decide, nextTick } from "./decide.ts";
import type { DecisionSettings } from "./decide.ts";
import { A, B, CheckedCoordinator } from "./testing/checked-coordinator.ts";
import type { Step } from "./testing/checked-coordinator.ts";

const SETTINGS: DecisionSettings = {
  interval: 1000,
  minPause: 0,
  timeout: 5000,
  maxConcurrent: 1,
  tolerableFailures: 0,
  exclusive: false,
};
const problem = new MillraceError("CHECKPOINT_FAILED", "disk full");

/** A coordinator whose checkpoints are triggered as soon as they begin, for tasks A and B. */
class Rig {
  now = 0;
  state = initialState(0);
  /** What was wanted since it was last taken. */
  #actions: CoordinatorAction[] = [];
  readonly #settings: DecisionSettings;

  constructor(settings: Partial<DecisionSettings> = {}) {
    this.#settings = { ...SETTINGS, ...settings };
  }

  on(event: CoordinatorEvent): this {
    const { state, actions } = decide(this.#settings, this.state, event, this.now);
    this.state = state;
    for (const action of actions) {
      this.#actions.push(action);
      if (action.type === "begin") this.on({ type: "triggered", id: action.id, waiting: new Set([A, B]) });
    }
    return this;
  }

  running(): this {
    return this.on({ type: "tasks", tasks: "running" });
  }

  /** Lets time pass, tick by tick. */
  until(time: number): this {
    for (;;) {
      const next = nextTick(this.#settings, this.state);
      if (next === undefined || next > time) break;
      this.now = Math.max(this.now, next);
      this.on({ type: "tick" });
    }
    this.now = time;
    return this;
  }

  acknowledge(id: number): this {
    for (const execution of [A, B]) this.on({ type: "acknowledged", id, execution });
    return this;
  }

  complete(id: number): this {
    return this.acknowledge(id).on({ type: "recorded", id, tasksEnd: false });
  }

  request(request: number, kind: SnapshotKind): this {
    return this.on({ type: "requested", request, kind });
  }

  /** What was wanted, in short: "begin checkpoint 1". */
  take(): string[] {
    const texts = this.#actions.map((action) =>
      [
        action.type,
        "kind" in action ? action.kind : undefined,
        "id" in action ? action.id : undefined,
        "request" in action && action.request !== undefined ? `for ${action.request}` : undefined,
        "error" in action ? action.error.code : undefined,
      ]
        .filter((part) => part !== undefined)
        .join(" "),
    );
    this.#actions = [];
    return texts;
  }
}

describe("decisions about checkpoints", () => {
  it("begins one each interval once all tasks run, and completes it when all have acknowledged and it is recorded", () => {
    const rig = new Rig().until(10_000);
    expect(rig.take()).toEqual([]);
    rig.running().until(10_999);
    expect(rig.take()).toEqual([]);
    rig.until(11_000);
    expect(rig.take()).toEqual(["begin checkpoint 1"]);
    rig.on({ type: "acknowledged", id: 1, execution: A });
    expect(rig.take()).toEqual([]);
    rig.on({ type: "acknowledged", id: 1, execution: B });
    expect(rig.take()).toEqual(["record 1"]);
    rig.on({ type: "recorded", id: 1, tasksEnd: false });
    expect(rig.take()).toEqual(["complete checkpoint 1"]);
    rig.until(12_000);
    expect(rig.take()).toEqual(["begin checkpoint 2"]);
  });

  it("begins nothing while tasks start again, and counts the interval anew afterwards", () => {
    const rig = new Rig().running().until(900);
    rig.on({ type: "tasksLost", error: problem }).on({ type: "tasks", tasks: "waiting" }).until(3000);
    rig.running().until(3999);
    expect(rig.take()).toEqual([]);
    expect(rig.until(4000).take()).toEqual(["begin checkpoint 1"]);
  });

  it("has no more underway than allowed: the next begins when there is room", () => {
    const rig = new Rig().running().until(3500);
    expect(rig.take()).toEqual(["begin checkpoint 1"]);
    expect(rig.complete(1).take()).toEqual(["record 1", "complete checkpoint 1", "begin checkpoint 2"]);
    const two = new Rig({ maxConcurrent: 2 }).running().until(3500);
    expect(two.take()).toEqual(["begin checkpoint 1", "begin checkpoint 2"]);
  });

  it("pauses after each", () => {
    const rig = new Rig({ minPause: 800 }).running().until(1500);
    rig.complete(1).take();
    expect(rig.until(2299).take()).toEqual([]);
    expect(rig.until(2300).take()).toEqual(["begin checkpoint 2"]);
  });

  it("drops an earlier one when a later one is complete, without counting it", () => {
    const rig = new Rig({ maxConcurrent: 2 }).running().until(2000);
    rig.take();
    expect(rig.complete(2).take()).toEqual([
      "record 2",
      "complete checkpoint 2",
      "abort checkpoint 1 CHECKPOINT_FAILED",
    ]);
    expect(rig.acknowledge(1).take()).toEqual([]);
  });

  it("records one at a time, in order", () => {
    const rig = new Rig({ maxConcurrent: 2 }).running().until(2000);
    rig.take();
    expect(rig.acknowledge(1).acknowledge(2).take()).toEqual(["record 1"]);
    rig.on({ type: "recorded", id: 1, tasksEnd: false });
    expect(rig.take()).toEqual(["complete checkpoint 1", "record 2"]);
  });

  it("gives up after the timeout, tells so, and fails the job when that is not tolerated", () => {
    const rig = new Rig().running().until(1000);
    rig.take();
    expect(rig.until(6000).take()).toEqual([
      "abort checkpoint 1 CHECKPOINT_EXPIRED",
      "failJob CHECKPOINT_FAILED",
      "begin checkpoint 2",
    ]);
  });

  it("begins nothing with tasks that are about to go because too many have failed", () => {
    const rig = new Rig().running().until(2500);
    rig.take();
    expect(rig.on({ type: "declined", id: 1, error: problem }).take()).toEqual([
      "abort checkpoint 1 CHECKPOINT_FAILED",
      "failJob CHECKPOINT_FAILED",
    ]);
    expect(rig.on({ type: "tasksLost", error: problem }).take()).toEqual([]);
  });

  it("removes what was given up while it was being recorded, and never calls it complete", () => {
    const rig = new Rig({ tolerableFailures: 5 }).running().until(1000);
    rig.acknowledge(1).take();
    expect(rig.until(6500).take()).toEqual(["abort checkpoint 1 CHECKPOINT_EXPIRED"]);
    rig.on({ type: "recorded", id: 1, tasksEnd: false });
    expect(rig.take()).toEqual(["discard 1", "begin checkpoint 2"]);
  });

  it("counts failures one after the other; a completed one begins anew, savepoints don't count", () => {
    const rig = new Rig({ tolerableFailures: 2 }).running();
    const fail = (id: number): Rig => rig.until(rig.now + 1000).on({ type: "declined", id, error: problem });
    fail(1);
    fail(2);
    rig.until(rig.now + 1000).complete(3);
    fail(4);
    rig.request(7, "savepoint").on({ type: "declined", id: 5, error: problem });
    fail(6);
    expect(rig.take()).not.toContain("failJob CHECKPOINT_FAILED");
    fail(7);
    expect(rig.take()).toContain("failJob CHECKPOINT_FAILED");
  });

  it("takes savepoints beside checkpoints, whatever the pause and however many are underway", () => {
    const rig = new Rig({ minPause: 10_000 }).running().until(1000);
    rig.take();
    expect(rig.request(1, "savepoint").take()).toEqual(["begin savepoint 2 for 1"]);
    expect(rig.complete(2).take()).toEqual(["record 2", "complete savepoint 2", "answer 2 for 1"]);
  });

  it("begins nothing until tasks have heard of the last one, for which a place may have to be made first", () => {
    const settings = { ...SETTINGS, maxConcurrent: 3 };
    let { state } = decide(settings, initialState(0), { type: "tasks", tasks: "running" }, 0);
    const on = (event: CoordinatorEvent, now: number): string[] => {
      const decided = decide(settings, state, event, now);
      state = decided.state;
      return decided.actions.map((action) => `${action.type} ${"id" in action ? action.id : ""}`);
    };
    expect(on({ type: "requested", request: 1, kind: "savepoint" }, 900)).toEqual(["begin 1"]);
    expect(on({ type: "requested", request: 2, kind: "savepoint" }, 950)).toEqual([]);
    expect(nextTick(settings, state)).toBe(5900);
    expect(on({ type: "tick" }, 1000)).toEqual([]);
    expect(on({ type: "triggered", id: 1, waiting: new Set([A]) }, 1100)).toEqual(["begin 2"]);
    expect(on({ type: "declined", id: 2, error: problem }, 1200)).toEqual(["abort 2", "refuse ", "begin 3"]);
  });

  it("takes one at a time where barriers overtake", () => {
    const rig = new Rig({ exclusive: true }).running().until(1000);
    rig.take();
    expect(rig.request(1, "savepoint").take()).toEqual([]);
    expect(rig.complete(1).take()).toEqual(["record 1", "complete checkpoint 1", "begin savepoint 2 for 1"]);
    expect(rig.until(3000).take()).toEqual([]);
  });

  it("keeps a request until tasks run, or until its time is over", () => {
    const rig = new Rig().request(1, "savepoint").until(4000);
    expect(rig.take()).toEqual([]);
    expect(rig.running().take()).toEqual(["begin savepoint 1 for 1"]);
    expect(new Rig().request(1, "savepoint").until(5000).take()).toEqual(["refuse for 1 CHECKPOINT_EXPIRED"]);
  });

  it("stops with a savepoint once nothing else is underway, and begins nothing beside or after it", () => {
    const rig = new Rig().running().until(1000);
    rig.take();
    rig.request(1, "stop").until(2500);
    expect(rig.take()).toEqual([]);
    expect(rig.complete(1).take()).toEqual(["record 1", "complete checkpoint 1", "begin stop 2 for 1"]);
    rig.until(3500).request(2, "savepoint").request(3, "drain");
    expect(rig.take()).toEqual(["refuse for 3 CHECKPOINT_FAILED"]);
    expect(rig.complete(2).take()).toEqual([
      "record 2",
      "complete stop 2",
      "answer 2 for 1",
      "refuse for 2 CHECKPOINT_FAILED",
    ]);
    expect(rig.until(20_000).request(4, "savepoint").take()).toEqual(["refuse for 4 CHECKPOINT_FAILED"]);
  });

  it("has the job go on when a stop fails, from its last checkpoint where sources have ended", () => {
    const rig = new Rig().running().request(1, "stop");
    rig.take();
    expect(rig.on({ type: "declined", id: 1, error: problem }).take()).toEqual([
      "abort stop 1 CHECKPOINT_FAILED",
      "refuse for 1 CHECKPOINT_FAILED",
    ]);
    rig.request(2, "drain").take();
    expect(rig.on({ type: "declined", id: 2, error: problem }).take()).toEqual([
      "abort drain 2 CHECKPOINT_FAILED",
      "refuse for 2 CHECKPOINT_FAILED",
      "resume CHECKPOINT_FAILED",
    ]);
  });

  it("begins at once when all data has ended, whatever the pause, once", () => {
    const rig = new Rig({ minPause: 60_000, interval: 60_000 }).running().until(100);
    expect(rig.on({ type: "tasks", tasks: "atEnd" }).take()).toEqual(["begin checkpoint 1"]);
    rig.complete(1);
    expect(rig.until(60_000).take()).toEqual(["record 1", "complete checkpoint 1"]);
    const periodic = new Rig({ interval: undefined }).running();
    expect(periodic.on({ type: "tasks", tasks: "atEnd" }).take()).toEqual([]);
  });

  it("begins anew what was underway when tasks ended", () => {
    const rig = new Rig({ maxConcurrent: 2 }).running().until(2000).request(9, "savepoint");
    rig.take();
    rig.acknowledge(1).on({ type: "recorded", id: 1, tasksEnd: true });
    expect(rig.take()).toEqual([
      "record 1",
      "complete checkpoint 1",
      "abort checkpoint 2 CHECKPOINT_FAILED",
      "abort savepoint 3 CHECKPOINT_FAILED",
      "begin savepoint 4 for 9",
      "begin checkpoint 5",
    ]);
  });

  it("gives up what needs tasks when some are lost, but not what all have acknowledged", () => {
    const rig = new Rig({ maxConcurrent: 2 }).running().until(2000);
    rig.acknowledge(1).take();
    expect(rig.on({ type: "tasksLost", error: problem }).take()).toEqual([
      "abort checkpoint 2 CHECKPOINT_FAILED",
    ]);
    rig.on({ type: "tasks", tasks: "waiting" }).on({ type: "recorded", id: 1, tasksEnd: false });
    expect(rig.take()).toEqual(["complete checkpoint 1"]);
  });

  it("begins nothing in the place of what it gives up because tasks are lost", () => {
    const rig = new Rig().running().until(1000).request(1, "checkpoint").request(2, "stop");
    rig.take();
    expect(rig.on({ type: "tasksLost", error: problem }).take()).toEqual([
      "abort checkpoint 1 CHECKPOINT_FAILED",
    ]);
    expect(rig.on({ type: "tasks", tasks: "waiting" }).running().take()).toEqual([
      "begin checkpoint 2 for 1",
    ]);
  });

  it("refuses and gives up everything when the job is over", () => {
    const rig = new Rig().running().until(1000).request(1, "savepoint").request(2, "stop");
    rig.take();
    expect(rig.on({ type: "jobOver", error: problem }).take()).toEqual([
      "abort checkpoint 1 CHECKPOINT_FAILED",
      "abort savepoint 2 CHECKPOINT_FAILED",
      "refuse for 1 CHECKPOINT_FAILED",
      "refuse for 2 CHECKPOINT_FAILED",
    ]);
    expect(nextTick(SETTINGS, rig.state)).toBe(undefined);
  });
});

const steps: fc.Arbitrary<Step[]> = fc
  .array(
    fc.oneof(
      { weight: 3, arbitrary: fc.record({ do: fc.constant("wait" as const), ms: fc.nat(1500) }) },
      {
        weight: 1,
        arbitrary: fc.record({
          do: fc.constant("request" as const),
          kind: fc.oneof(
            { weight: 8, arbitrary: fc.constantFrom<SnapshotKind>("checkpoint", "savepoint") },
            { weight: 1, arbitrary: fc.constantFrom<SnapshotKind>("stop", "drain") },
          ),
        }),
      },
      {
        weight: 1,
        arbitrary: fc.record({
          do: fc.constant("tasks" as const),
          tasks: fc.constantFrom<"waiting" | "running" | "atEnd" | "lost">(
            "waiting",
            "running",
            "running",
            "running",
            "atEnd",
            "lost",
          ),
        }),
      },
      {
        weight: 12,
        arbitrary: fc.record({
          do: fc.constantFrom("ack" as const, "ack" as const, "ack" as const, "recorded" as const),
          pick: fc.nat(6),
          execution: fc.constantFrom(A, B),
        }),
      },
      {
        weight: 1,
        arbitrary: fc.record({
          do: fc.constantFrom("decline" as const, "recordFailed" as const, "ended" as const),
          pick: fc.nat(6),
          execution: fc.constantFrom(A, B),
        }),
      },
    ),
    { minLength: 40, maxLength: 150, size: "max" },
  )
  .map((rest) => [{ do: "tasks", tasks: "running" }, ...rest]);

const settings = fc.record({
  interval: fc.option(fc.integer({ min: 1, max: 2000 }), { nil: undefined }),
  minPause: fc.constantFrom(0, 0, 700),
  timeout: fc.integer({ min: 500, max: 5000 }),
  maxConcurrent: fc.integer({ min: 1, max: 3 }),
  tolerableFailures: fc.nat(3),
  exclusive: fc.boolean(),
});

describe("whatever happens in whatever order", () => {
  it("keeps the promises of checkpoints", () => {
    fc.assert(
      fc.property(settings, steps, (chosen, plan) => {
        const given = { ...chosen, maxConcurrent: chosen.minPause > 0 ? 1 : chosen.maxConcurrent };
        const check = new CheckedCoordinator(given);
        for (const step of plan) check.take(step);
        check.end();
      }),
      { numRuns: 400 },
    );
  });
});
