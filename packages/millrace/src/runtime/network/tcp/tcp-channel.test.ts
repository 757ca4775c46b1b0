import { afterAll, beforeAll } from "vitest";
import { channelSuite } from "../testing/channel-suite.ts";
import { TestNetworks } from "../testing/tcp-pair.ts";
import { tcpRig } from "../testing/tcp-rig.ts";

let networks: TestNetworks;
beforeAll(async () => {
  networks = await TestNetworks.open(2);
});
afterAll(() => networks.close());

// The smallest frames, two to a channel: everything that happens at a frame's end happens often.
channelSuite(
  "TCP (two small frames)",
  (channels) => tcpRig(networks, { channels, poolBytes: channels * 2 * 4096 }),
  { runs: 20, records: 5000 },
);
channelSuite(
  "TCP (eight large frames)",
  (channels) => tcpRig(networks, { channels, poolBytes: channels * 8 * 32 * 1024 }),
  { runs: 5, records: 10_000 },
);
