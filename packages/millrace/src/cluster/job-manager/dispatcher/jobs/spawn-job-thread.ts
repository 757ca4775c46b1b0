import { Worker } from "node:worker_threads";
import { JOB_HEAP } from "../../../../common/config/job-manager-options.ts";
import { MillraceError } from "../../../../common/errors/millrace-error.ts";
import type { FromJobMaster, ToJobMaster } from "../../../../protocol/cluster/job-master-messages.ts";
import { heapLimits } from "../../../task-manager/heap-limits.ts";
import { OutputCredit } from "../../../task-manager/output-credit.ts";
import { threadEnd, threadExit } from "../../../task-manager/thread-end.ts";
import { workerEnvironment } from "../../../task-manager/worker-environment.ts";
import type { JobThread } from "./job-thread.ts";

/** How a JobMaster's thread is started. */
export interface JobThreadOptions {
  /** Bytes of its heap, at most. Default: Node's own limit. */
  readonly heap?: number | undefined;
}

/** Starts a worker thread for a JobMaster. Its standard output goes where it tells the main thread (`output`), not to this process's. */
export function spawnJobThread(name: string, { heap }: JobThreadOptions = {}): JobThread {
  return new WorkerJobThread(name, heap);
}

class WorkerJobThread implements JobThread {
  onMessage: ((message: FromJobMaster) => void) | undefined;
  onExit: ((error: Error | undefined) => void) | undefined;
  readonly #worker: Worker;
  readonly #credit = new OutputCredit();
  #ended = false;

  constructor(name: string, heap: number | undefined) {
    const fromSources = import.meta.url.endsWith(".ts");
    const url = new URL(
      fromSources ? "../../job-master/worker/job-master-worker.ts" : "./job-master-worker.js",
      import.meta.url,
    );
    this.#worker = new Worker(url, {
      name,
      env: workerEnvironment(),
      workerData: { output: this.#credit.buffer },
      ...(heap === undefined ? {} : { resourceLimits: heapLimits(heap) }),
    });
    let error: Error | undefined;
    this.#worker.on("error", (thrown) => (error = thrown as Error));
    this.#worker.on("message", (message: FromJobMaster) => {
      if (this.#ended) return;
      this.onMessage?.(message);
      if (message.type === "output") this.#credit.taken(message.bytes.byteLength);
    });
    this.#worker.on("exit", (code) => {
      if (this.#ended) return;
      this.#ended = true;
      const end = threadEnd(error ?? threadExit(code), { bytes: heap, setting: JOB_HEAP.key });
      this.onExit?.(new MillraceError("JOB_FAILED", end, { cause: error }));
    });
  }

  send(message: ToJobMaster, transfer: readonly ArrayBuffer[] = []): void {
    if (!this.#ended) this.#worker.postMessage(message, [...transfer]);
  }

  async end(): Promise<void> {
    this.#ended = true;
    await this.#worker.terminate();
  }
}
