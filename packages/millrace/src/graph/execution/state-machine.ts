import { MillraceError } from "../../common/errors/millrace-error.ts";

/** Which states may follow which. */
export type Transitions<S extends string> = { readonly [From in S]: readonly S[] };

/** A state that moves only along its declared transitions. */
export class StateMachine<S extends string> {
  readonly #what: string;
  readonly #transitions: Transitions<S>;
  readonly #onChange: ((state: S) => void) | undefined;
  #state: S;

  /**
   * @param what names it in errors: "job", "execution x/0#0"
   * @param onChange called after each move; must not throw, nor move the machine
   */
  constructor(what: string, transitions: Transitions<S>, initial: S, onChange?: (state: S) => void) {
    this.#what = what;
    this.#transitions = transitions;
    this.#state = initial;
    this.#onChange = onChange;
  }

  get state(): S {
    return this.#state;
  }

  /** Whether no state follows this one. */
  get terminal(): boolean {
    return this.#transitions[this.#state].length === 0;
  }

  can(to: S): boolean {
    return this.#transitions[this.#state].includes(to);
  }

  /** Moves on; ILLEGAL_TRANSITION where that isn't declared. */
  to(state: S): void {
    if (!this.can(state)) {
      throw new MillraceError(
        "ILLEGAL_TRANSITION",
        `${this.#what} can't go from ${this.#state} to ${state}: after ${this.#state} come ${this.#transitions[this.#state].join(", ") || "no others"}`,
      );
    }
    this.#state = state;
    this.#onChange?.(state);
  }
}
