import { describe } from "vitest";
import { HashMapStateBackend } from "millrace/internal/state-backend";
import { describeBackendExchange } from "../../millrace/src/runtime/state/testing/exchange-suite.ts";
import { describeStateBackend } from "../../millrace/src/runtime/state/testing/state-backend-suite.ts";
import { bindingProblem } from "./binding/load-binding.ts";
import { rocksFactory } from "./testing/factories.ts";

const problem = bindingProblem();

describe.skipIf(problem !== undefined)(`RocksDB ${problem ?? ""}`, () => {
  const make = rocksFactory("cached");
  // A database takes 50 ms to open.
  describeStateBackend("EmbeddedRocksDBStateBackend", make, 4);
  describeBackendExchange(
    { name: "HashMapStateBackend", make: () => new HashMapStateBackend() },
    { name: "EmbeddedRocksDBStateBackend", make },
  );
});
