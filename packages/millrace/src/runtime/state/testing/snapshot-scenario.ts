import fc from "fast-check";
import { ManualClock } from "../../../common/clock/manual-clock.ts";
import type { Timestamp } from "../../../common/time/timestamps.ts";
import type { KeyedStateHandle } from "../../../protocol/control/snapshots.ts";
import type { KeyedSnapshot, SnapshotPace } from "../keyed-snapshot.ts";
import type { MakeBackend } from "./backend-fixture.ts";
import { NAMESPACES, OPERATIONS, StateModel, StateSubject, tableOf, type Namespace } from "./state-model.ts";
import { storeRequest } from "./store-request.ts";
import { request } from "./take-snapshot.ts";

export const MAX_PARALLELISM = 16;
export const SCENARIO_KEYS: readonly unknown[] = [0, 1, 2, "a", "b", ["c", 1], { d: 1 }, -5, 2 ** 40];

/** Something that happens to a store. */
export type ScenarioStep =
  | {
      readonly kind: "operate";
      readonly key: unknown;
      readonly namespace: Namespace;
      readonly operation: number;
      readonly n: number;
    }
  | { readonly kind: "drop"; readonly namespace: Namespace }
  | { readonly kind: "advance"; readonly by: number }
  | { readonly kind: "begin"; readonly what: "incremental" | "full" | "savepoint" }
  | { readonly kind: "slices"; readonly count: number }
  | { readonly kind: "giveUp" | "complete" | "abort" };

/** Any step; operations and slices are the most of them. */
export const scenarioStep: fc.Arbitrary<ScenarioStep> = fc.oneof(
  {
    weight: 20,
    arbitrary: fc.record({
      kind: fc.constant("operate" as const),
      key: fc.constantFrom(...SCENARIO_KEYS),
      namespace: fc.constantFrom(...NAMESPACES),
      operation: fc.nat({ max: OPERATIONS.length - 1 }),
      n: fc.integer({ min: 0, max: 20 }),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant("slices" as const), count: fc.integer({ min: 1, max: 40 }) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("begin" as const),
      what: fc.constantFrom(
        "incremental" as const,
        "incremental" as const,
        "full" as const,
        "savepoint" as const,
      ),
    }),
  },
  { weight: 3, arbitrary: fc.constantFrom({ kind: "complete" as const }, { kind: "abort" as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: "giveUp" as const }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("drop" as const), namespace: fc.constantFrom(...NAMESPACES) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("advance" as const), by: fc.integer({ min: 1, max: 15 }) }),
  },
);

/** A snapshot that was written, and what it must hold. */
export interface TakenSnapshot {
  readonly checkpointId: number;
  readonly handle: KeyedStateHandle | undefined;
  readonly model: StateModel;
  readonly time: Timestamp;
}

interface Active {
  readonly checkpointId: number;
  readonly savepoint: boolean;
  readonly snapshot: KeyedSnapshot;
  readonly pace: SteppedPace;
  readonly written: Promise<KeyedStateHandle | undefined>;
  readonly model: StateModel;
  readonly time: Timestamp;
}

/** A store and its model, to which steps happen while snapshots are written. */
export class SnapshotScenario {
  readonly subject: StateSubject;
  readonly model = new StateModel();
  readonly taken: TakenSnapshot[] = [];
  readonly #clock = new ManualClock();
  /** Written, and neither confirmed nor given up. */
  #unconfirmed: number[] = [];
  #active: Active | undefined;
  #lastId = 0;

  constructor(makeBackend: MakeBackend) {
    const clock = this.#clock;
    const store = makeBackend().createKeyedStore(storeRequest({ maxParallelism: MAX_PARALLELISM, clock }));
    this.subject = new StateSubject(store, clock);
  }

  get time(): Timestamp {
    return this.#clock.now();
  }

  async run(step: ScenarioStep): Promise<void> {
    switch (step.kind) {
      case "operate":
        return this.#operate(step);
      case "drop":
        this.subject.tables.drop(tableOf(step.namespace));
        return this.model.dropTable(step.namespace);
      case "advance":
        return this.#clock.advance(step.by);
      case "begin":
        await this.finish();
        return this.#begin(step.what);
      case "slices":
        for (let i = 0; i < step.count && this.#active !== undefined; i++) await this.#slice(this.#active);
        return;
      case "giveUp":
        return this.#giveUp();
      case "complete":
        // One that is confirmed takes the place of all before it.
        this.#unconfirmed
          .splice(0, 1 + (this.time % this.#unconfirmed.length || 0))
          .slice(-1)
          .forEach((id) => {
            this.subject.store.checkpointComplete(id);
          });
        return;
      case "abort":
        this.#unconfirmed.splice(-1).forEach((id) => this.subject.store.checkpointAborted(id));
    }
  }

  /** Writes the snapshot under way to its end. */
  async finish(): Promise<void> {
    while (this.#active !== undefined) await this.#slice(this.#active);
  }

  #operate({ key, namespace, operation, n }: ScenarioStep & { readonly kind: "operate" }): void {
    const { subject, model } = this;
    const handles = subject.handles(key, namespace);
    const cell = model.cell(key, namespace);
    OPERATIONS[operation]!({ handles, subject, cell, key, namespace, n, now: this.time });
  }

  async #begin(what: "incremental" | "full" | "savepoint"): Promise<void> {
    const checkpointId = ++this.#lastId;
    const savepoint = what === "savepoint";
    const asked = request({ checkpointId, canonical: savepoint, incremental: what === "incremental" });
    const snapshot = this.subject.store.snapshot(asked);
    const pace = new SteppedPace();
    const written = snapshot.write(pace);
    // Looked at later.
    written.catch(() => {});
    this.#active = {
      checkpointId,
      savepoint,
      snapshot,
      pace,
      written,
      model: this.model.copy(),
      time: this.time,
    };
    await this.#reached(this.#active);
  }

  async #slice(active: Active): Promise<void> {
    active.pace.go();
    await this.#reached(active);
  }

  /** Waits until the writer rests, or has ended. */
  async #reached(active: Active): Promise<void> {
    const { checkpointId, savepoint, pace, written, model, time } = active;
    const ended = await Promise.race([written.then((handle) => ({ handle })), pace.waits()]);
    if (ended === undefined) return;
    this.#active = undefined;
    this.taken.push({ checkpointId, handle: ended.handle, model, time });
    if (savepoint) this.subject.store.checkpointComplete(checkpointId);
    else this.#unconfirmed.push(checkpointId);
  }

  async #giveUp(): Promise<void> {
    const active = this.#active;
    if (active === undefined) return;
    this.#active = undefined;
    active.snapshot.abort();
    await active.written.catch(() => {});
    this.subject.store.checkpointAborted(active.checkpointId);
  }
}

/** Goes on when it is told to. */
class SteppedPace implements SnapshotPace {
  readonly over = true;
  #go: (() => void) | undefined;
  #onWait: (() => void) | undefined;

  next(): Promise<void> {
    return new Promise((resolve) => {
      this.#go = resolve;
      this.#onWait?.();
    });
  }

  go(): void {
    const go = this.#go;
    this.#go = undefined;
    go?.();
  }

  /** Until somebody waits for the next slice. */
  waits(): Promise<undefined> {
    return new Promise((resolve) => {
      if (this.#go !== undefined) resolve(undefined);
      else this.#onWait = () => resolve(undefined);
    });
  }
}
