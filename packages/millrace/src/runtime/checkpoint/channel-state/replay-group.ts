import type { InFlightReplay } from "./in-flight-replay.ts";

/** The replays of one task, round by round: none begins with a round before all have ended the one before. */
export class ReplayGroup {
  readonly #replays: readonly InFlightReplay[];
  readonly #waiting: (() => void)[] = [];
  #round: number | undefined;

  constructor(replays: readonly InFlightReplay[]) {
    this.#replays = replays;
  }

  /** The round that is replayed now; Infinity when all of it is over. @throws as InFlightReplay.round */
  get round(): number {
    return (this.#round ??= this.#lowest());
  }

  get over(): boolean {
    return this.round === Infinity;
  }

  /** Calls back whenever a round is over. */
  onRound(callback: () => void): void {
    this.#waiting.push(callback);
  }

  /** A block has been replayed. */
  replayed(): void {
    const before = this.#round;
    this.#round = this.#lowest();
    if (this.#round !== before) for (const callback of this.#waiting) callback();
  }

  #lowest(): number {
    return this.#replays.reduce((lowest, { round }) => Math.min(lowest, round), Infinity);
  }
}
