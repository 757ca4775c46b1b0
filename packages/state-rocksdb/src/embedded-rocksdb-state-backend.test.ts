import { describe } from "vitest";
import { HashMapStateBackend } from "millrace/internal/state-backend";
import { describeBackendExchange } from "../../millrace/src/runtime/state/testing/exchange-suite.ts";
import { describeStateBackend } from "../../millrace/src/runtime/state/testing/state-backend-suite.ts";
import { bindingProblem } from "./binding/load-binding.ts";
import { rocksFactory } from "./testing/factories.ts";

const problem = bindingProblem();

describe.skipIf(problem !== undefined)(`EmbeddedRocksDBStateBackend ${problem ?? ""}`, () => {
  describeStateBackend("with its cache", rocksFactory("cached"));
  describeStateBackend("with so small a cache that something goes all the time", rocksFactory("tiny"));
  describeStateBackend("without a cache", rocksFactory("uncached"));
});
void describeBackendExchange;
void HashMapStateBackend;
