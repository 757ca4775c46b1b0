import { afterEach } from "vitest";
import type { StateBackend, StateBackendFactory } from "millrace/internal/state-backend";

/** More backends than any test needs at a time. */
const AT_ONCE = 40;

/**
 * Makes backends that are disposed of: after each test, and the oldest of those that properties make by the hundred before that.
 */
export function disposing(make: StateBackendFactory): StateBackendFactory {
  const alive: StateBackend[] = [];
  afterEach(() => {
    for (const backend of alive.splice(0)) backend.dispose();
  });
  return () => {
    const backend = make();
    alive.push(backend);
    if (alive.length > AT_ONCE) alive.shift()?.dispose();
    return backend;
  };
}
