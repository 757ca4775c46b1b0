import { afterAll, beforeAll } from "vitest";
import { channelSuite } from "../testing/channel-suite.ts";
import { RingThreads } from "../testing/ring-thread-rig.ts";
import { TestNetworks } from "../testing/tcp-pair.ts";
import { tcpThreadRig } from "../testing/tcp-rig.ts";

const threads = new RingThreads();
let networks: TestNetworks;
beforeAll(async () => {
  networks = await TestNetworks.open(2);
});
afterAll(() => Promise.all([networks.close(), threads.end()]));

channelSuite(
  "TCP between two threads",
  (channels) => tcpThreadRig(networks, threads, { channels, poolBytes: channels * 4 * 4096 }),
  { runs: 10, records: 5000 },
);
