import { MillraceError } from "../../../../common/errors/millrace-error.ts";

/** How many are remembered. */
const MAX_IDS = 1000;

/**
 * Ids that clients choose for what they trigger, so that they may ask again when an answer was lost: the same id triggers once.
 * Of a thousand such ids the oldest are forgotten first.
 */
export class TriggerIds {
  readonly #triggered = new Map<string, { readonly what: string; readonly id: Promise<string> }>();

  /**
   * @param chosen the client's id; undefined: it chose none, and gets the gateway's
   * @param what names the job and the operation; the same id for another is refused
   * @param trigger triggers, and answers the gateway's id
   * @returns the id to ask with
   * @throws CONFLICT for an id that stands for something else
   */
  async trigger(chosen: string | undefined, what: string, trigger: () => Promise<string>): Promise<string> {
    if (chosen === undefined) return trigger();
    const known = this.#triggered.get(chosen);
    if (known !== undefined) {
      if (known.what !== what) {
        throw new MillraceError(
          "CONFLICT",
          `the trigger id ${chosen} stands for something else: choose another one`,
        );
      }
      await known.id;
      return chosen;
    }
    const id = trigger();
    this.#triggered.set(chosen, { what, id });
    const [oldest] = this.#triggered.keys();
    if (this.#triggered.size > MAX_IDS && oldest !== undefined) this.#triggered.delete(oldest);
    try {
      await id;
    } catch (error) {
      this.#triggered.delete(chosen);
      throw error;
    }
    return chosen;
  }

  /** The gateway's id for what a client asks with. */
  async resolve(id: string): Promise<string> {
    return (await this.#triggered.get(id)?.id) ?? id;
  }
}
