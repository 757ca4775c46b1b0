import { MillraceError } from "../../../../common/errors/millrace-error.ts";
import type { CapturedEntry } from "../../captured-state.ts";
import type { RestoreSink } from "../../restore/restored-state.ts";
import { retain } from "../../retain.ts";
import type { KeyTable } from "../key-table.ts";
import type { TimerDomain } from "../timers/timer-domain.ts";

/** Registers the timers that were restored. */
export class TimersLoader implements RestoreSink {
  readonly #keys: KeyTable;
  readonly #domain: TimerDomain;

  constructor(keys: KeyTable, domain: TimerDomain) {
    this.#keys = keys;
    this.#domain = domain;
  }

  begin(): void {}

  removeNamespace(): void {}

  remove(key: unknown): void {
    const id = this.#keys.find(key);
    if (id >= 0) this.#domain.clearAt(id);
  }

  put({ key, value }: CapturedEntry, keyGroup: number): void {
    if (value.kind !== "timers")
      throw new MillraceError("INTERNAL", `timers are restored from ${value.kind}`);
    this.remove(key);
    this.#domain.load(this.#keys.idOfStored(retain(key), keyGroup, false), value.timers);
  }

  end(): void {}
}
