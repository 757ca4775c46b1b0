import { once } from "node:events";
import { MessageChannel } from "node:worker_threads";
import { expect, it } from "vitest";
import { attempt, executionId, vertexId } from "../../common/ids/ids.ts";
import { MAX_MESSAGE_BYTES } from "../../protocol/cluster/connection.ts";
import { decodeMessage } from "../../protocol/cluster/slot-message-codec.ts";
import type { FromSlot } from "../../protocol/control/messages.ts";
import { OutputCredit } from "./output-credit.ts";
import { SlotLine } from "./slot-line.ts";
import type { FromWorker } from "./worker-protocol.ts";

const execution = executionId(vertexId("v"), 0, attempt(0));

it("declines a checkpoint whose state is too large to travel", async () => {
  const { port1, port2 } = new MessageChannel();
  const line = new SlotLine(port1, new OutputCredit());
  line.open({ sha256: "a", artifactUrl: "file:///a.mjs", exchange: undefined });
  const state = { kind: "inline", bytes: new Uint8Array(MAX_MESSAGE_BYTES) } as const;
  line.send({
    type: "checkpointAcknowledged",
    execution,
    checkpointId: 3,
    snapshot: {
      operators: [{ uid: "u", keyed: [], operator: state, coordinator: undefined } as never],
      channels: [],
      finished: false,
    },
    metrics: {} as never,
  });
  const [told] = (await once(port2, "message")) as [FromWorker];
  expect(told.type).toBe("bytes");
  expect(decodeMessage<FromSlot>((told as { bytes: Uint8Array }).bytes)).toMatchObject({
    type: "checkpointDeclined",
    execution,
    checkpointId: 3,
    error: { code: "RECORD_TOO_LARGE", help: expect.stringContaining("execution.checkpointing.dir") },
  });
  port1.close();
});
