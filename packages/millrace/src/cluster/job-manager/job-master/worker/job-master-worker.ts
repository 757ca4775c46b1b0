import { Console } from "node:console";
import { Writable } from "node:stream";
import { parentPort } from "node:worker_threads";
import { systemRandom } from "../../../../common/clock/random.ts";
import { SystemClock } from "../../../../common/clock/system-clock.ts";
import { MillraceError } from "../../../../common/errors/millrace-error.ts";
import type { ToJobMaster } from "../../../../protocol/cluster/job-master-messages.ts";
import { toEnvelope } from "../../../../protocol/control/error-envelope.ts";
import { preloadRuntime } from "../../../artifact/runtime-modules.ts";
import { OutputCredit } from "../../../task-manager/output-credit.ts";
import type { SendToMain } from "../slots/port-slots.ts";
import { JobMasterHost } from "./job-master-host.ts";

/*
 * The entry of the thread of a job's JobMaster, in the JobManager: one job, then the main thread ends it.
 */
if (parentPort === null)
  throw new MillraceError("INTERNAL", "job-master-worker runs in a worker thread only");
const port = parentPort;

const credit = OutputCredit.ofThisThread();
const send: SendToMain = (message, transfer) => {
  if (message.type === "output") credit.sent(message.bytes.byteLength);
  port.postMessage(message, transfer);
};
redirectConsole();

const host = new JobMasterHost({ send, clock: new SystemClock(), random: systemRandom });
port.on("message", (message: ToJobMaster) => host.receive(message));

// What an enumerator does by itself (a timer, a promise) fails its job, and not the thread, which knows all about the job.
process.on("uncaughtException", (error: unknown) => {
  if (host.crashed(error)) return;
  // While the job is built: it could not be.
  const text = `the job's module threw where nobody catches it, as in a timer or a promise: ${String(error)}`;
  const failure = new MillraceError("JOB_MODULE_INVALID", text, { cause: error });
  send({ type: "unbuilt", error: toEnvelope(failure) });
});

// While the artifact is on its way; what fails here fails again when the job is loaded.
preloadRuntime().catch(() => {});

/** What builders and enumerators print goes where the job's output goes. */
function redirectConsole(): void {
  const stream = (name: "stdout" | "stderr"): Writable =>
    new Writable({
      decodeStrings: true,
      write(chunk: Uint8Array, _encoding, done) {
        const bytes = new Uint8Array(chunk);
        send({ type: "output", stream: name, bytes }, [bytes.buffer]);
        credit.wait();
        done();
      },
    });
  globalThis.console = new Console({ stdout: stream("stdout"), stderr: stream("stderr") });
}
