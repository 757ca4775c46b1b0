import { loadModule, planModule, startModule } from "../cluster/local/start-module.ts";
import type { Engine } from "./engine.ts";

/** The engine in this process: slots are worker threads. */
export const engine: Engine = {
  program: loadModule,
  plan: planModule,
  // A command takes no records.
  start: (moduleUrl, options) => startModule(moduleUrl, { ...options, unattended: true }),
};
