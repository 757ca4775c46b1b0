import { syncBuiltinESMExports } from "node:module";
import { basename, join } from "node:path";
import { pathToFileURL } from "node:url";
import threads from "node:worker_threads";
import { builtEngine } from "./built-engine.ts";

/*
 * Imported by tests whose jobs run in threads: the engine's threads then run its bundle, which they load in a third of the time.
 */
const engine = await builtEngine();
const ENTRIES: ReadonlySet<string> = new Set(["slot-worker.ts", "job-master-worker.ts"]);

class BuiltWorker extends threads.Worker {
  constructor(entry: string | URL, options?: threads.WorkerOptions) {
    const name = basename(String(entry));
    const file = join(engine, "dist", name.replace(/ts$/u, "js"));
    super(ENTRIES.has(name) ? pathToFileURL(file) : entry, options);
  }
}
threads.Worker = BuiltWorker;
syncBuiltinESMExports();
