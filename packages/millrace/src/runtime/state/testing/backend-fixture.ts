import type { StateBackend, StateStoreRequest } from "../state-backend.ts";
import type { CapturableKeyedStore } from "../keyed-capture.ts";

/** A backend as the suite needs it: with stores that can be captured. */
export interface CapturableBackend extends StateBackend {
  createKeyedStore(request: StateStoreRequest): CapturableKeyedStore;
}

/** Makes a fresh backend for each test; the test disposes of it. */
export type MakeBackend = () => CapturableBackend;
