import { registerHooks } from "node:module";

/** Whether the runtime runs from its sources, unbuilt. */
const FROM_SOURCES = import.meta.url.endsWith(".ts");
/** The condition under which packages of this repository give their sources. */
const SOURCE_CONDITION = "millrace-source";

/** The runtime's own copies of the package's entries, by specifier. */
const ENTRIES: ReadonlyMap<string, string> = new Map([
  ["millrace", new URL(FROM_SOURCES ? "../../index.ts" : "./index.js", import.meta.url).href],
  [
    "millrace/testing",
    new URL(FROM_SOURCES ? "../../testing/index.ts" : "./testing.js", import.meta.url).href,
  ],
  [
    "millrace/internal/state-backend",
    new URL(FROM_SOURCES ? "../../runtime/state/backend-kit.ts" : "./state-backend.js", import.meta.url).href,
  ],
]);

let preloading: Promise<unknown> | undefined;

/**
 * Loads the runtime's own copy of `millrace`, which every artifact imports. To be called as early as there is time, and before source maps
 * are turned on: with them on, Node reads and parses the map of whatever it loads, which takes longer than the rest.
 */
export async function preloadRuntime(): Promise<void> {
  preloading ??= import(ENTRIES.get("millrace") as string);
  await preloading;
}

/** Original addresses of artifacts, by the address of their bundle. */
const origins = new Map<string, string>();
let hooked = false;

/**
 * Makes this thread resolve what an artifact imports: `millrace` to the runtime's own copy (a second one would break `instanceof` and
 * double module state), other packages from the folder of the job's module, where the user installed them.
 */
export function resolveFromOrigin(bundleUrl: string, originalUrl: string): void {
  origins.set(bundleUrl, originalUrl);
  if (hooked) return;
  hooked = true;
  registerHooks({
    resolve(specifier, context, next) {
      const own = ENTRIES.get(specifier);
      if (own !== undefined)
        return { url: own, format: FROM_SOURCES ? "module-typescript" : "module", shortCircuit: true };
      const origin = origins.get(context.parentURL ?? "");
      const conditions = FROM_SOURCES ? [...context.conditions, SOURCE_CONDITION] : context.conditions;
      return next(specifier, {
        ...context,
        conditions,
        ...(origin === undefined ? {} : { parentURL: origin }),
      });
    },
  });
}
