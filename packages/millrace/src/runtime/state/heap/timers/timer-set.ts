import type { Timestamp } from "../../../../common/time/timestamps.ts";
import type { Timer } from "./timer.ts";

/** Up to this many timers of a key are searched one by one. */
const LINEAR = 8;

/** The timers of one key, two or more of them (a single one stands for itself), to find out what is registered already. */
export class TimerSet {
  #few: Timer[] = [];
  #many: Map<string | number, Timer> | undefined;

  get size(): number {
    return this.#many?.size ?? this.#few.length;
  }

  find(namespace: string, time: Timestamp): Timer | undefined {
    if (this.#many !== undefined) return this.#many.get(name(namespace, time));
    return this.#few.find((timer) => isTimer(timer, namespace, time));
  }

  add(timer: Timer): void {
    if (this.#many !== undefined) {
      this.#many.set(name(timer.namespace, timer.bucket.time), timer);
      return;
    }
    this.#few.push(timer);
    if (this.#few.length <= LINEAR) return;
    this.#many = new Map(this.#few.map((each) => [name(each.namespace, each.bucket.time), each]));
    this.#few = [];
  }

  delete(timer: Timer): void {
    if (this.#many !== undefined) this.#many.delete(name(timer.namespace, timer.bucket.time));
    else this.#few.splice(this.#few.indexOf(timer), 1);
  }

  /** All of them, as they are now. */
  all(): readonly Timer[] {
    return this.#many === undefined ? [...this.#few] : [...this.#many.values()];
  }
}

/** Whether a timer is the one with this namespace and time. */
export function isTimer(timer: Timer, namespace: string, time: Timestamp): boolean {
  return timer.bucket.time === time && timer.namespace === namespace;
}

/** A number where there is no namespace, so that the usual case makes no strings. */
function name(namespace: string, time: Timestamp): string | number {
  return namespace === "" ? time : `${time}/${namespace}`;
}
