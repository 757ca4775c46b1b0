import { createRequire, registerHooks } from "node:module";
import type { ResolveFnOutput, ResolveHookContext } from "node:module";
import { packagePlaces } from "./package-places.ts";

/** Whether the runtime runs from its sources, unbuilt. */
const FROM_SOURCES = import.meta.url.endsWith(".ts");
/** The condition under which packages of this repository give their sources. */
const SOURCE_CONDITION = "millrace-source";

/** The runtime's own copies of the package's entries, by specifier. */
const ENTRIES: ReadonlyMap<string, string> = new Map([
  ["millrace", new URL(FROM_SOURCES ? "../../index.ts" : "./index.js", import.meta.url).href],
  ["millrace/client", new URL(FROM_SOURCES ? "../../client.ts" : "./client.js", import.meta.url).href],
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
      if (origin === undefined) return next(specifier, { ...context, conditions });
      return resolvePackage(specifier, { ...context, conditions }, origin, next);
    },
  });
}

type Next = (specifier: string, context: ResolveHookContext) => ResolveFnOutput;

/** Packages that an artifact leaves outside are looked for beside its module, beside the runtime, and where the process was started. */
function resolvePackage(
  specifier: string,
  context: ResolveHookContext,
  origin: string,
  next: Next,
): ResolveFnOutput {
  const places = packagePlaces(origin);
  // The runtime's own satellites first: a second copy would double module state.
  const ordered = specifier.startsWith("@millrace/")
    ? [import.meta.url, ...places.filter((place) => place !== import.meta.url)]
    : places;
  const required = context.conditions.includes("require");
  let first: unknown;
  for (const place of ordered) {
    try {
      if (!required) return next(specifier, { ...context, parentURL: place });
      // For require, Node takes no other parent.
      const found = createRequire(place).resolve(specifier);
      return next(found, context);
    } catch (error) {
      first ??= error;
    }
  }
  throw first;
}
