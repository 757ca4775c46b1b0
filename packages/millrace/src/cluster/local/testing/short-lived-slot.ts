import { parentPort } from "node:worker_threads";
import { CONTROL_VERSION } from "../../../protocol/control/messages.ts";

/*
 * The entry of a slot's thread that comes online and ends at once, as one that runs out of memory would.
 */
parentPort?.postMessage({ type: "online", version: CONTROL_VERSION });
setImmediate(() => {
  // oxlint-disable-next-line millrace/no-bare-error -- what the runtime of a thread throws is none of ours
  throw new RangeError("thread ran out of memory");
});
