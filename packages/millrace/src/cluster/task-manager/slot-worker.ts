import { Console } from "node:console";
import { Writable } from "node:stream";
import { parentPort } from "node:worker_threads";
import type { MessagePort } from "node:worker_threads";
import { SystemClock } from "../../common/clock/system-clock.ts";
import { MillraceError } from "../../common/errors/millrace-error.ts";
import { unreachable } from "../../common/errors/unreachable.ts";
import { toEnvelope } from "../../protocol/control/error-envelope.ts";
import type { LocalFolders } from "../../runtime/checkpoint/local/local-copies.ts";
import { preloadRuntime } from "../artifact/runtime-modules.ts";
import { loadStateBackend } from "./load-state-backend.ts";
import { moduleProgram } from "./module-program.ts";
import { openSlotRings } from "./open-slot-rings.ts";
import { OutputCredit } from "./output-credit.ts";
import { SlotHost } from "./slot-host.ts";
import { SlotLine } from "./slot-line.ts";
import type { ToWorker } from "./worker-protocol.ts";

/*
 * The entry of a slot's thread: one slot for one attempt of one job, then the thread ends.
 */
if (parentPort === null) throw new MillraceError("INTERNAL", "slot-worker runs in a worker thread only");
const port = parentPort;

const bells = new Map<number, MessagePort>();
const credit = OutputCredit.ofThisThread();
const connection = new SlotLine(port, credit);
redirectConsole();

let localFolders: LocalFolders | undefined;
const host = new SlotHost({
  connection,
  clock: new SystemClock(),
  loadProgram: moduleProgram,
  loadBackend: loadStateBackend,
  openRings: openSlotRings((slot) => bells.get(slot)?.postMessage(0)),
  localFolders: () => localFolders,
});

port.on("message", (message: ToWorker) => {
  switch (message.type) {
    case "control":
      connection.onMessage?.(message.message);
      return;
    case "remote":
      connection.open(message.slot);
      return;
    case "localFolders":
      localFolders = message.folders;
      return;
    case "bytes":
      receive(message.bytes);
      return;
    case "bell":
      bells.set(message.slot, message.port);
      message.port.on("message", () => host.bell());
      return;
    case "ring":
      host.bell();
      return;
    default:
      unreachable(message, "message to a thread");
  }
});

/** Bytes that are no message, or a message for another slot, end the attempt, and say why. */
function receive(bytes: Uint8Array): void {
  try {
    connection.receive(bytes);
  } catch (error) {
    connection.send({ type: "slotFailed", error: toEnvelope(error) });
  }
}

// While the job's module is still being bundled; what fails here fails again when the job is loaded.
preloadRuntime().catch(() => {});

/** What user code prints goes the way of all output, in order and whole: a worker's own streams lose their end when it stops. */
function redirectConsole(): void {
  const stream = (name: "stdout" | "stderr"): Writable =>
    new Writable({
      decodeStrings: true,
      write(chunk: Uint8Array, _encoding, done) {
        host.print(chunk, name);
        credit.wait();
        done();
      },
    });
  globalThis.console = new Console({ stdout: stream("stdout"), stderr: stream("stderr") });
}
