import type { StateBackend } from "../state-backend.ts";

/** Makes a fresh backend for each test; the test disposes of it. */
export type MakeBackend = () => StateBackend;
