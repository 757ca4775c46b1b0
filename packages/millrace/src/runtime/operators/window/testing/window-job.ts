import { hashKey } from "../../../../common/keys/hash-key.ts";
import { keyGroupOf, keyGroupRange, subtaskOfKeyGroup } from "../../../../common/keys/key-groups.ts";
import { operatorUid } from "../../../../common/ids/ids.ts";
import { ManualClock } from "../../../../common/clock/manual-clock.ts";
import type { Timestamp } from "../../../../common/time/timestamps.ts";
import type { WindowSpec } from "../../../../graph/stream/operator-spec.ts";
import type { Operator, OperatorContext } from "../../operator.ts";
import { HashMapStateBackend } from "../../../state/heap/hash-map-state-backend.ts";
import type { KeyedStateHandle } from "../../../../protocol/control/snapshots.ts";
import type { SnapshotKeyedStore } from "../../../state/keyed-snapshot.ts";
import { inMemory, takeSnapshot } from "../../../state/testing/take-snapshot.ts";
import { WindowHarness } from "./window-harness.ts";
import { sorted, type Fired, type Segment, type WindowEvent } from "./window-oracle.ts";

const MAX_PARALLELISM = 8;

/** The subtask that a key belongs to. */
export function ownerOf(key: unknown, parallelism: number): number {
  return subtaskOfKeyGroup(MAX_PARALLELISM, parallelism, keyGroupOf(hashKey(key), MAX_PARALLELISM));
}

/** A heap store of key groups, as of subtask 0. */
export function heapStore(range = { start: 0, end: MAX_PARALLELISM }): SnapshotKeyedStore {
  return new HashMapStateBackend().createKeyedStore({
    operator: operatorUid("window"),
    operatorName: "window",
    subtaskIndex: 0,
    parallelism: 1,
    maxParallelism: MAX_PARALLELISM,
    keyGroups: range,
    clock: new ManualClock(),
    freeze: true,
  });
}

export interface WindowJobOptions {
  readonly spec: WindowSpec;
  readonly create: (spec: WindowSpec, context: OperatorContext) => Operator;
  readonly parallelism: number;
  /** Whether the flow blocks after an emission. */
  readonly blocks?: () => boolean;
  /** Whether records come while a firing waits for room. */
  readonly spills?: boolean;
}

interface Subtask {
  readonly store: SnapshotKeyedStore;
  readonly harness: WindowHarness;
  /** The segment that its output belongs to: how many watermarks it has emitted. */
  segment: number;
}

interface MutableSegment {
  watermark: Timestamp;
  readonly fired: Fired[];
  readonly late: number[];
}

/**
 * A window operator in several subtasks, fed with events by key group and stopped, snapshotted and restored at another
 * parallelism on the way.
 */
export class WindowJob {
  readonly #options: WindowJobOptions;
  readonly #segments: MutableSegment[] = [];
  #subtasks: Subtask[];

  constructor(options: WindowJobOptions) {
    this.#options = options;
    this.#subtasks = Array.from({ length: options.parallelism }, (_, i) =>
      this.#subtask(this.#store(options.parallelism, i), 0),
    );
  }

  /** Runs events; before the event `i`, rescales to `rescales.get(i)`. What came out, in the oracle's terms. */
  async run(
    events: readonly WindowEvent[],
    rescales: ReadonlyMap<number, number> = new Map(),
  ): Promise<Segment[]> {
    for (const [i, event] of events.entries()) {
      const parallelism = rescales.get(i);
      if (parallelism !== undefined) await this.rescale(parallelism);
      this.#give(event);
    }
    this.#settle();
    return this.segments();
  }

  /** Gives events to one subtask only: it gets ahead of the others. */
  runAlone(subtask: number, events: readonly WindowEvent[]): void {
    const { harness } = this.#subtasks[subtask]!;
    for (const event of events) {
      if (event.kind === "watermark") harness.watermark(event.time);
      else harness.record({ key: event.key, values: [event.value] }, event.timestamp);
    }
    this.#settle();
  }

  /** Snapshots all subtasks, and goes on with others that restore it. */
  async rescale(parallelism: number): Promise<void> {
    this.#settle();
    const taken = await Promise.all(this.#subtasks.map(({ store }) => takeSnapshot(store)));
    const handles = taken.filter((handle) => handle !== undefined);
    for (const { harness } of this.#subtasks) void harness.operator.close();
    const segment = this.#lastSegment();
    this.#subtasks = await Promise.all(
      Array.from({ length: parallelism }, (_, i) => this.#restored(parallelism, i, handles, segment)),
    );
  }

  /** What came out so far. */
  segments(): Segment[] {
    this.#segmentAt(this.#lastSegment());
    return this.#segments.map(({ watermark, fired, late }) => ({
      watermark,
      fired: sorted(fired),
      late: late.toSorted((a, b) => a - b),
    }));
  }

  #give(event: WindowEvent): void {
    if (event.kind === "watermark") {
      for (const { harness } of this.#subtasks) harness.watermarkNow(event.time);
      if (this.#options.spills !== true) this.#settle();
      return;
    }
    const { harness } = this.#subtasks[ownerOf(event.key, this.#subtasks.length)]!;
    const item = { key: event.key, values: [event.value] };
    if (harness.blocked) harness.recordNow(item, event.timestamp);
    else harness.record(item, event.timestamp);
  }

  #store(parallelism: number, subtask: number): SnapshotKeyedStore {
    return heapStore(keyGroupRange(MAX_PARALLELISM, parallelism, subtask));
  }

  async #restored(
    parallelism: number,
    subtask: number,
    handles: readonly KeyedStateHandle[],
    segment: number,
  ): Promise<Subtask> {
    const store = this.#store(parallelism, subtask);
    await store.restore(handles, inMemory);
    const restored = this.#subtask(store, segment);
    store.restored();
    return restored;
  }

  #subtask(store: SnapshotKeyedStore, segment: number): Subtask {
    const { create, spec, blocks } = this.#options;
    const harness = new WindowHarness((context) => create(spec, context), {
      store,
      ...(blocks === undefined ? {} : { blocks }),
    });
    return { store, harness, segment };
  }

  /** Lets everything come out, and sorts it into segments. */
  #settle(): void {
    for (const subtask of this.#subtasks) {
      subtask.harness.settle();
      for (const item of subtask.harness.emitted) {
        const segment = this.#segmentAt(subtask.segment);
        if (item.kind === "watermark") {
          segment.watermark = item.time;
          subtask.segment++;
        } else if (item.kind === "side") {
          segment.late.push(...(item.value as { values: number[] }).values);
        } else if (item.kind === "record") {
          segment.fired.push(item.value as Fired);
        }
      }
      subtask.harness.emitted.length = 0;
    }
  }

  #segmentAt(i: number): MutableSegment {
    return (this.#segments[i] ??= { watermark: Infinity, fired: [], late: [] });
  }

  #lastSegment(): number {
    return Math.max(...this.#subtasks.map(({ segment }) => segment));
  }
}
