import type { StateBackend } from "./state-backend.ts";

/** What a package with a state backend is given of a job's settings. */
export interface StateBackendSettings {
  /** The job's configuration: parsed values by option key, defaults filled in. */
  readonly config: Readonly<Record<string, unknown>>;
}

/** Makes the backends of one slot's tasks, which share the slot's memory. */
export type StateBackendFactory = () => StateBackend;

/**
 * What a package with a state backend exports. Loaded only by jobs that ask for it, once for each slot, on the slot's thread.
 */
export interface StateBackendModule {
  /**
   * Makes ready what the backend needs on this machine. @throws STATE_BACKEND_UNAVAILABLE where it can't run here, saying why
   */
  openStateBackends(settings: StateBackendSettings): Promise<StateBackendFactory>;
}
