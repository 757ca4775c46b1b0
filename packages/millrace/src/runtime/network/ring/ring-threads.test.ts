import { afterAll } from "vitest";
import { channelSuite } from "../testing/channel-suite.ts";
import { RingThreads } from "../testing/ring-thread-rig.ts";

const threads = new RingThreads();
afterAll(() => threads.end());

channelSuite(
  "ring between two threads",
  (channels) => threads.rig({ channels, poolBytes: channels * 4 * 4096 }),
  { runs: 20, records: 10_000 },
);
