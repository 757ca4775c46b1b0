import type { Flow } from "../../operators/flow.ts";

/** What a chain needs of its task. */
export interface ChainHooks {
  /** Room behind the input. */
  readonly flow: Flow;
  /** Unique text for generated code: job and vertex. */
  readonly unique: string;
  /** Whether values are deeply frozen before the next operator sees them (tests). */
  readonly freeze: boolean;
  /**
   * Handles what operator `node` threw on `record` when its policy is not to fail: counts it, and sends it to the dead-letter
   * output where that is the policy.
   */
  poison(node: number, error: unknown, record: unknown, timestamp: number): void;
}
