import { SystemClock } from "../../common/clock/system-clock.ts";
import { memoryConnections } from "./memory-connections.ts";
import { connectionSuite } from "./testing/connection-suite.ts";

connectionSuite("memory", async () => ({
  ...memoryConnections(new SystemClock()),
  dispose: () => Promise.resolve(),
}));
