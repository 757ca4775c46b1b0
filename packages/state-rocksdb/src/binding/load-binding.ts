import { createRequire } from "node:module";
import { MillraceError } from "millrace/internal/state-backend";
import type { NativeBinding } from "./native-binding.ts";

const PACKAGE = "@harperfast/rocksdb-js-linux-x64-glibc";
/** The binding is used below its documented interface, so another version may be another thing. */
const VERSION = "2.10.0";
/** What that version says of itself. */
const ROCKSDB = "11.8.1";

const require = createRequire(import.meta.url);
let loaded: NativeBinding | undefined;

/**
 * The native binding, once for each thread.
 *
 * @throws STATE_BACKEND_UNAVAILABLE on another platform, without the package, or with another version of it
 */
export function loadBinding(): NativeBinding {
  loaded ??= load();
  return loaded;
}

/** Why RocksDB can't be used here; undefined where it can. For tests, which are skipped with that reason. */
export function bindingProblem(): string | undefined {
  try {
    loadBinding();
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

function load(): NativeBinding {
  const { platform, arch } = process;
  if (platform !== "linux" || arch !== "x64")
    throw unavailable(`there is no build of it for ${platform} on ${arch}, only for Linux on x64 with glibc`);
  let binding: NativeBinding;
  try {
    binding = require(PACKAGE) as NativeBinding;
  } catch (error) {
    throw unavailable(`its native part can't be loaded: ${(error as Error).message.split("\n")[0]}`, error);
  }
  if (
    binding.version !== ROCKSDB ||
    typeof binding.Database !== "function" ||
    typeof binding.Iterator !== "function"
  )
    throw unavailable(
      `it needs ${PACKAGE} ${VERSION} with RocksDB ${ROCKSDB}, and found RocksDB ${binding.version}`,
    );
  return binding;
}

/** The one sentence that says why, and what to do instead. */
export function unavailable(why: string, cause?: unknown): MillraceError {
  return new MillraceError("STATE_BACKEND_UNAVAILABLE", `RocksDB can't run here: ${why}`, {
    ...(cause === undefined ? {} : { cause }),
    help: `Keep state on the heap with state.backend.type=hashmap, or run on Linux (x64, glibc) with its native part: npm install ${PACKAGE}@${VERSION}. By itself npm leaves that out when the Node.js that runs npm is older than 22.18.`,
  });
}
