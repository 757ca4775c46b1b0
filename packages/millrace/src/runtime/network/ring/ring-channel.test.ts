import { channelSuite } from "../testing/channel-suite.ts";
import { ringRig } from "../testing/ring-rig.ts";

// The smallest frames, two to a channel: everything that happens at a frame's end happens often.
channelSuite("ring (two small frames)", (channels) => ringRig({ channels, poolBytes: channels * 2 * 4096 }));
channelSuite(
  "ring (eight large frames)",
  (channels) => ringRig({ channels, poolBytes: channels * 8 * 32 * 1024 }),
  {
    runs: 20,
  },
);
