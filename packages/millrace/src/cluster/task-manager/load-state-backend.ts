import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { STATE_BACKEND } from "../../common/config/options.ts";
import { MillraceError } from "../../common/errors/millrace-error.ts";
import type { SlotDeployment } from "../../protocol/control/deployment.ts";
import type { StateBackendFactory, StateBackendModule } from "../../runtime/state/backend-module.ts";
import { HashMapStateBackend } from "../../runtime/state/heap/hash-map-state-backend.ts";

/** Loads what makes the state backends of a slot's tasks, as the job's settings say. */
export type BackendLoader = (
  deployment: Pick<SlotDeployment, "config" | "program">,
) => StateBackendFactory | Promise<StateBackendFactory>;

/** The packages of the backends that are not part of this one. A string, so that no bundler and no compiler follows it. */
const PACKAGES: Readonly<Record<string, string>> = { rocksdb: "@millrace/state-rocksdb" };

/**
 * The backend that `state.backend.type` names. The heap is at hand; others are packages of their own, imported only now: first as
 * the runtime sees them, then as the job's module does.
 *
 * @throws STATE_BACKEND_UNAVAILABLE where the package is not installed, or can't run on this machine
 */
export const loadStateBackend: BackendLoader = async ({ config, program }) => {
  const type = config[STATE_BACKEND.key];
  const name = typeof type === "string" ? PACKAGES[type] : undefined;
  if (name === undefined) return () => new HashMapStateBackend();
  const origin =
    program.kind === "module" ? program.originalUrl : pathToFileURL(join(process.cwd(), "job.ts")).href;
  const module = (await importPackage(name, origin)) as StateBackendModule;
  return module.openStateBackends({ config });
};

/** Imports a package of a state backend. @param origin address of the job's module */
export async function importPackage(name: string, origin: string): Promise<unknown> {
  try {
    return await import(name);
  } catch (error) {
    if (!isMissing(error, name)) throw error;
  }
  try {
    return await import(pathToFileURL(createRequire(origin).resolve(name)).href);
  } catch (error) {
    if (!isMissing(error, name)) throw error;
    throw new MillraceError(
      "STATE_BACKEND_UNAVAILABLE",
      `${STATE_BACKEND.key} asks for a backend of the package ${name}, which is not installed`,
      {
        cause: error,
        help: `Install it with "npm install ${name}", or keep state on the heap with ${STATE_BACKEND.key}=hashmap.`,
        details: { package: name },
      },
    );
  }
}

/** Whether the package itself is what was not found, and not something that it imports. */
function isMissing(error: unknown, name: string): boolean {
  const { code, message } = error as { code?: unknown; message?: unknown };
  const missing = code === "ERR_MODULE_NOT_FOUND" || code === "MODULE_NOT_FOUND";
  return missing && String(message).includes(`'${name}'`);
}
