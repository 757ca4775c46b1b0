import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { hashKey } from "../../../common/keys/hash-key.ts";
import { keyGroupOf, subtaskOfKeyGroup } from "../../../common/keys/key-groups.ts";
import {
  aggregatingState,
  listState,
  mapState,
  reducingState,
  valueState,
} from "../../../common/state/descriptors.ts";
import type {
  AggregatingState,
  ListState,
  MapState,
  ReducingState,
  ValueState,
} from "../../../common/state/state.ts";
import type { CapturableKeyedStore, KeyedStateCapture, KeyedStateSnapshot } from "../keyed-capture.ts";
import { materializeCapture } from "../materialize-capture.ts";
import type { MakeBackend } from "./backend-fixture.ts";
import { storeRequest } from "./store-request.ts";

const MAX_PARALLELISM = 16;
const NAMESPACES = ["", "w1", "w2"];

/** What one key holds in one namespace, as plainly as can be. */
interface Cell {
  value: { n: number } | undefined;
  list: number[];
  map: Map<number, { n: number }>;
  reduced: number | undefined;
  aggregated: { n: number; last: number } | undefined;
}

interface Handles {
  readonly value: ValueState<{ n: number }>;
  readonly list: ListState<number>;
  readonly map: MapState<number, { n: number }>;
  readonly reduced: ReducingState<number>;
  readonly aggregated: AggregatingState<number, { n: number; last: number }>;
}

const descriptors = {
  value: valueState<{ n: number }>(),
  list: listState<number>(),
  map: mapState<number, { n: number }>(),
  reduced: reducingState<number>((a, b) => a + b),
  aggregated: aggregatingState({
    createAccumulator: () => ({ n: 0, last: 0 }),
    add(accumulator: { n: number; last: number }, value: number) {
      accumulator.n++;
      accumulator.last = value;
      return accumulator;
    },
    getResult: ({ n, last }) => ({ n, last }),
  }),
};

/** One operation on the state and on its model. */
const OPERATIONS: readonly ((handles: Handles, cell: Cell, arg: number) => void)[] = [
  ({ value }, cell, n) => {
    value.update({ n });
    cell.value = { n };
  },
  ({ value }, cell, n) => {
    value.mutate(
      (v) => (v.n += n),
      () => ({ n: 1 }),
    );
    cell.value = { n: (cell.value?.n ?? 1) + n };
  },
  ({ value }, cell) => {
    value.clear();
    cell.value = undefined;
  },
  ({ list }, cell, n) => {
    list.add(n);
    cell.list.push(n);
  },
  ({ list }, cell, n) => {
    list.update([n, n + 1]);
    cell.list = [n, n + 1];
  },
  ({ list }, cell) => {
    list.clear();
    cell.list = [];
  },
  ({ map }, cell, n) => {
    map.put(n % 4, { n });
    cell.map.set(n % 4, { n });
  },
  ({ map }, cell, n) => {
    map.mutate(
      n % 4,
      (v) => (v.n += n),
      () => ({ n: 1 }),
    );
    cell.map.set(n % 4, { n: (cell.map.get(n % 4)?.n ?? 1) + n });
  },
  ({ map }, cell, n) => {
    map.remove(n % 4);
    cell.map.delete(n % 4);
  },
  ({ map }, cell) => {
    map.clear();
    cell.map = new Map();
  },
  ({ reduced }, cell, n) => {
    reduced.add(n);
    cell.reduced = (cell.reduced ?? 0) + n;
  },
  ({ reduced }, cell) => {
    reduced.clear();
    cell.reduced = undefined;
  },
  ({ aggregated }, cell, n) => {
    aggregated.add(n);
    cell.aggregated = { n: (cell.aggregated?.n ?? 0) + 1, last: n };
  },
  ({ aggregated }, cell) => {
    aggregated.clear();
    cell.aggregated = undefined;
  },
];

/** The model of all keys and namespaces. */
class Model {
  readonly cells = new Map<string, Cell>();

  cell(key: unknown, namespace: string): Cell {
    const name = `${JSON.stringify(key)} ${namespace}`;
    const cell = this.cells.get(name) ?? {
      value: undefined,
      list: [],
      map: new Map(),
      reduced: undefined,
      aggregated: undefined,
    };
    this.cells.set(name, cell);
    return cell;
  }

  copy(): Model {
    const copy = new Model();
    for (const [name, cell] of this.cells) copy.cells.set(name, structuredClone(cell));
    return copy;
  }
}

/** The states of a store: without namespace, and in namespaces. */
class Subject {
  readonly store: CapturableKeyedStore;
  readonly #handles: Handles;
  readonly #namespaced;

  constructor(
    makeBackend: MakeBackend,
    parallelism = 1,
    subtask = 0,
    restored?: readonly KeyedStateSnapshot[],
  ) {
    const request = storeRequest({ maxParallelism: MAX_PARALLELISM, parallelism, subtask });
    const store = makeBackend().createKeyedStore(request);
    if (restored !== undefined) store.restore(restored);
    this.store = store;
    const { value, list, map, reduced, aggregated } = descriptors;
    this.#handles = {
      value: store.getState("value", value),
      list: store.getState("list", list),
      map: store.getState("map", map),
      reduced: store.getState("reduced", reduced),
      aggregated: store.getState("aggregated", aggregated),
    };
    this.#namespaced = {
      value: store.getNamespacedState("nsValue", value),
      list: store.getNamespacedState("nsList", list),
      map: store.getNamespacedState("nsMap", map),
      reduced: store.getNamespacedState("nsReduced", reduced),
      aggregated: store.getNamespacedState("nsAggregated", aggregated),
    };
  }

  handles(key: unknown, namespace: string): Handles {
    this.store.setCurrentKey(key);
    if (namespace === "") return this.#handles;
    const { value, list, map, reduced, aggregated } = this.#namespaced;
    return {
      value: value.in(namespace),
      list: list.in(namespace),
      map: map.in(namespace),
      reduced: reduced.in(namespace),
      aggregated: aggregated.in(namespace),
    };
  }

  read(key: unknown, namespace: string): Cell {
    const { value, list, map, reduced, aggregated } = this.handles(key, namespace);
    return {
      value: value.value(),
      list: [...list.get()],
      map: new Map(map.entries()),
      reduced: reduced.get(),
      aggregated: aggregated.get(),
    };
  }
}

/** Any operations on any keys and namespaces, captures and restores among them, against a plain model. */
export function describeStateModel(makeBackend: MakeBackend): void {
  describe("model", () => {
    const key = fc.constantFrom<unknown>(0, 1, 2, "a", "b", ["c", 1], { d: 1 }, -5, 2 ** 40);
    const step = fc.record({
      key,
      namespace: fc.constantFrom(...NAMESPACES),
      operation: fc.nat({ max: OPERATIONS.length - 1 }),
      arg: fc.integer({ min: 0, max: 20 }),
    });

    function run(
      subject: Subject,
      model: Model,
      steps: readonly (typeof step extends fc.Arbitrary<infer S> ? S : never)[],
    ): void {
      for (const { key, namespace, operation, arg } of steps) {
        OPERATIONS[operation]!(subject.handles(key, namespace), model.cell(key, namespace), arg);
        expect(subject.read(key, namespace)).toEqual(model.cell(key, namespace));
      }
    }

    it("agrees with plain objects, at once and after a restore at another parallelism", () => {
      const property = fc.property(
        fc.array(step, { maxLength: 60 }),
        fc.array(step, { maxLength: 40 }),
        fc.integer({ min: 1, max: 5 }),
        (before, during, parallelism) => {
          const subject = new Subject(makeBackend);
          const model = new Model();
          run(subject, model, before);
          const atCapture = model.copy();
          const capture: KeyedStateCapture = subject.store.capture();
          run(subject, model, during);
          const snapshot = materializeCapture(capture);
          const restored = Array.from(
            { length: parallelism },
            (_, i) => new Subject(makeBackend, parallelism, i, [snapshot]),
          );
          for (const each of new Set([...before, ...during].map((s) => s.key))) {
            const group = keyGroupOf(hashKey(each), MAX_PARALLELISM);
            const owner = restored[subtaskOfKeyGroup(MAX_PARALLELISM, parallelism, group)]!;
            for (const namespace of NAMESPACES) {
              expect(owner.read(each, namespace)).toEqual(atCapture.cell(each, namespace));
              expect(subject.read(each, namespace)).toEqual(model.cell(each, namespace));
            }
          }
        },
      );
      fc.assert(property, { numRuns: 150 });
    });
  });
}
