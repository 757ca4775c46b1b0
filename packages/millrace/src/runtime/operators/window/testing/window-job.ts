import { hashKey } from "../../../../common/keys/hash-key.ts";
import { keyGroupOf, keyGroupRange, subtaskOfKeyGroup } from "../../../../common/keys/key-groups.ts";
import { operatorUid } from "../../../../common/ids/ids.ts";
import { ManualClock } from "../../../../common/clock/manual-clock.ts";
import type { Timestamp } from "../../../../common/time/timestamps.ts";
import type { WindowSpec } from "../../../../graph/stream/operator-spec.ts";
import type { Operator, OperatorContext } from "../../operator.ts";
import { HashMapStateBackend } from "../../../state/heap/hash-map-state-backend.ts";
import type { CapturableKeyedStore, KeyedStateSnapshot } from "../../../state/keyed-capture.ts";
import { materializeCapture } from "../../../state/materialize-capture.ts";
import { WindowHarness } from "./window-harness.ts";
import { sorted, type Fired, type Segment, type WindowEvent } from "./window-oracle.ts";

const MAX_PARALLELISM = 8;

/** The subtask that a key belongs to. */
export function ownerOf(key: unknown, parallelism: number): number {
  return subtaskOfKeyGroup(MAX_PARALLELISM, parallelism, keyGroupOf(hashKey(key), MAX_PARALLELISM));
}

/** A heap store of key groups, as of subtask 0. */
export function heapStore(range = { start: 0, end: MAX_PARALLELISM }): CapturableKeyedStore {
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
  readonly store: CapturableKeyedStore;
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
    this.#subtasks = this.#start(options.parallelism, [], 0);
  }

  /** Runs events; before the event `i`, rescales to `rescales.get(i)`. What came out, in the oracle's terms. */
  run(events: readonly WindowEvent[], rescales: ReadonlyMap<number, number> = new Map()): Segment[] {
    for (const [i, event] of events.entries()) {
      const parallelism = rescales.get(i);
      if (parallelism !== undefined) this.rescale(parallelism);
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
  rescale(parallelism: number): void {
    this.#settle();
    const snapshots = this.#subtasks.map(({ store }) => materializeCapture(store.capture()));
    for (const { harness } of this.#subtasks) void harness.operator.close();
    this.#subtasks = this.#start(parallelism, snapshots, this.#lastSegment());
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

  #start(parallelism: number, snapshots: readonly KeyedStateSnapshot[], segment: number): Subtask[] {
    return Array.from({ length: parallelism }, (_, i) => {
      const store = heapStore(keyGroupRange(MAX_PARALLELISM, parallelism, i));
      store.restore(snapshots);
      const { create, spec, blocks } = this.#options;
      const harness = new WindowHarness((context) => create(spec, context), {
        store,
        ...(blocks === undefined ? {} : { blocks }),
      });
      return { store, harness, segment };
    });
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
