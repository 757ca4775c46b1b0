import { createHash } from "node:crypto";
import { encodeMessage } from "../../../../protocol/cluster/slot-message-codec.ts";
import type { RunRequest } from "../dispatcher-gateway.ts";

/**
 * What a client asks for, as a digest: the same once more, under the same job id, is the same job. The artifact counts by its bytes, whatever it
 * is called.
 */
export function runDigest({ artifactId, args, config, parallelism, restore }: RunRequest): string {
  const [sha256] = artifactId.split("_", 1);
  const settings = Object.entries(config).sort(([a], [b]) => (a < b ? -1 : 1));
  const asked = { type: "run", sha256, args, settings, parallelism, restore };
  return createHash("sha256").update(encodeMessage(asked)).digest("hex");
}
