import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import {
  aggregatingState,
  listState,
  mapState,
  reducingState,
  valueState,
} from "../../../common/state/descriptors.ts";
import { Types } from "../../../common/types/types.ts";
import { storeRequest } from "../testing/store-request.ts";
import { HashMapStateBackend } from "./hash-map-state-backend.ts";
import type { SnapshotKeyedStore } from "../keyed-snapshot.ts";

interface Named {
  readonly n: number;
  readonly name: string;
}

const KEYS = 8;
const FRAME = 1 << 20;
/** Much less than the frames, and much more than what the state holds. */
const LIMIT = 2 << 20;

/** A string that was cut from a frame's text, a megabyte, and keeps it alive. */
function cut(text: string): string {
  const frame = `${text.padEnd(20, ".")}${"x".repeat(FRAME)}`;
  return frame.slice(0, 20);
}

const first = {
  createAccumulator: (): { first: Named | undefined; n: number } => ({ first: undefined, n: 0 }),
  add(accumulator: { first: Named | undefined; n: number }, value: Named) {
    accumulator.first ??= value;
    accumulator.n++;
    return accumulator;
  },
  getResult: (accumulator: { n: number }) => accumulator.n,
};

const distinct = {
  createAccumulator: () => new Set<string>(),
  add(names: Set<string>, value: Named) {
    names.add(value.name);
    return names;
  },
  getResult: (names: Set<string>) => names.size,
};

/** What puts a record into state, by name. Returned functions are called for some keys, several times each. */
const WAYS: Readonly<Record<string, (store: SnapshotKeyedStore) => (record: Named, i: number) => void>> = {
  "a key": (store) => {
    const state = store.getState("s", valueState<number>());
    return (record) => {
      store.setCurrentKey(record.name);
      state.update(1);
    };
  },
  "a composite key": (store) => {
    const state = store.getState("s", valueState<number>());
    return (record) => {
      store.setCurrentKey([record.name, 1]);
      state.update(1);
    };
  },
  "value.update": (store) => {
    const state = store.getState("s", valueState<Named>());
    return (record) => state.update(record);
  },
  "value.update, typed": (store) => {
    const state = store.getState("s", valueState(Types.object({ n: Types.int, name: Types.string })));
    return (record) => state.update(record);
  },
  "value.mutate": (store) => {
    const state = store.getState("s", valueState<{ last: string; all: string[] }>());
    return (record) =>
      state.mutate(
        (value) => {
          value.last = record.name;
          value.all.push(record.name);
        },
        () => ({ last: "", all: [] }),
      );
  },
  "list.add": (store) => {
    const state = store.getState("s", listState<Named>());
    return (record) => state.add(record);
  },
  "map.put": (store) => {
    const state = store.getState("s", mapState<string, Named>());
    return (record) => state.put(record.name, record);
  },
  "map.mutate": (store) => {
    const state = store.getState("s", mapState<string, { name: string }>());
    return (record) =>
      state.mutate(
        record.name,
        (value) => {
          value.name = record.name;
        },
        () => ({ name: "" }),
      );
  },
  "reducing.add": (store) => {
    const state = store.getState(
      "s",
      reducingState<Named>((a, b) => ({ ...b, n: a.n + b.n })),
    );
    return (record) => state.add(record);
  },
  "reducing.add, the later": (store) => {
    const state = store.getState(
      "s",
      reducingState<Named>((_, b) => b),
    );
    return (record) => state.add(record);
  },
  "aggregating.add": (store) => {
    const state = store.getState("s", aggregatingState(first));
    return (record) => state.add(record);
  },
  "namespaced list.add": (store) => {
    const state = store.getNamespacedState("s", listState<Named>());
    return (record) => state.in("w").add(record);
  },
  "time to live": (store) => {
    const state = store.getState("s", valueState<Named>(undefined, { ttl: { ttl: 1000 } }));
    return (record) => state.update(record);
  },
  "a table's key": (store) => {
    const table = store.getNamespaceTables<number>("s", undefined).getOrCreate(0);
    return (record) => table.put(record.name, 1);
  },
};

function collect(): void {
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
}

/** How many bytes the heap grows when records are put into state. */
function growth(way: (typeof WAYS)[string], rounds: number): number {
  const store = new HashMapStateBackend().createKeyedStore(storeRequest());
  const put = way(store);
  collect();
  const before = process.memoryUsage().heapUsed;
  for (let i = 0; i < KEYS * rounds; i++) {
    store.setCurrentKey(i % KEYS);
    put({ n: i, name: cut(`name ${i}`) }, i);
  }
  store.setCurrentKey("another");
  collect();
  const grown = process.memoryUsage().heapUsed - before;
  // Holds the store until here.
  return store.keyCount >= 0 ? grown : 0;
}

describe("heap state", () => {
  for (const [name, way] of Object.entries(WAYS)) {
    it(`does not keep frames alive through ${name}`, () => {
      expect(growth(way, 2)).toBeLessThan(LIMIT);
    });
  }

  it("keeps alive no more than a frame for each key through a set, once it knows that accumulators are sets", () => {
    const way = (store: SnapshotKeyedStore): ((record: Named) => void) => {
      const state = store.getState("s", aggregatingState(distinct));
      return (record) => state.add(record);
    };
    expect(growth(way, 4)).toBeLessThan(LIMIT);
  });
});
