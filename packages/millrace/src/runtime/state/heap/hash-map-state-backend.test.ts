import { describe } from "vitest";
import { describeIncremental } from "../testing/incremental-suite.ts";
import { describeSnapshotModel } from "../testing/snapshot-model-suite.ts";
import { describeStateBackend } from "../testing/state-backend-suite.ts";
import { HashMapStateBackend } from "./hash-map-state-backend.ts";

/** Rests all the time, and writes changes however little there is. */
const RESTLESS = { lookEvery: 1, smallestFull: 0, smallestPart: 0 };

describeStateBackend("HashMapStateBackend", () => new HashMapStateBackend(RESTLESS));

describe("HashMapStateBackend that writes small parts again", () => {
  const make = (): HashMapStateBackend => new HashMapStateBackend({ ...RESTLESS, smallestPart: 1e6 });
  describeIncremental(make, 1);
  describeSnapshotModel(make, 20);
});
