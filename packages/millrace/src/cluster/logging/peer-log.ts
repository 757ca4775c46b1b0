import type { Clock, ClockTimer } from "../../common/clock/clock.ts";
import type { Log } from "./log.ts";

/** Lines about one address and kind that are logged whole, until a minute without any has passed. */
const WHOLE_LINES = 10;
/** ms. */
const MINUTE = 60_000;
/** Pairs of address and kind that are counted on their own. Further ones are counted together. */
const MAX_COUNTED = 100;

interface Counted {
  readonly of: string;
  lines: number;
  /** Since the last count was told. */
  dropped: number;
  /** The last line that was dropped. */
  last: string;
}

/**
 * What a process logs about peers that anybody could be: who knocks at its ports, by mistake or on purpose, must not fill the disk, nor push
 * everything else out of the log. The first lines about an address and kind are logged whole; of further ones a count each minute.
 *
 * Duties of the caller: it closes it, so that what was counted is told and no timer is left.
 *
 * @example
 * ```ts
 * const peers = new PeerLog(log, clock);
 * peers.about("10.0.0.9:51002", "token")("warn", "refused 10.0.0.9:51002: its token is wrong");
 * ```
 */
export class PeerLog {
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #counted = new Map<string, Counted>();
  #timer: ClockTimer | undefined;
  #closed = false;

  constructor(log: Log, clock: Clock) {
    this.#log = log;
    this.#clock = clock;
  }

  /**
   * A log for what one peer does.
   *
   * @param peer its address, with or without its port: "10.0.0.9:51002", "[::1]:51002". The lines name it themselves
   * @param kind what goes wrong with it: lines of different kinds are counted apart
   */
  about(peer: string, kind: string): Log {
    return (level, message, error) => {
      const counted = this.#find(hostOf(peer), kind);
      if (++counted.lines <= WHOLE_LINES) return this.#log(level, message, error);
      counted.dropped++;
      counted.last = message;
    };
  }

  /** Tells what was counted. What comes later is logged whole. */
  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
    for (const counted of this.#counted.values()) this.#tell(counted);
    this.#counted.clear();
  }

  #find(host: string, kind: string): Counted {
    if (this.#closed) return fresh(host);
    const key = `${host} ${kind}`;
    const known = this.#counted.get(key);
    if (known !== undefined) return known;
    if (this.#counted.size >= MAX_COUNTED) return this.#counted.get(OTHERS) ?? this.#add(OTHERS, OTHERS);
    return this.#add(key, host);
  }

  #add(key: string, of: string): Counted {
    const counted = fresh(of);
    this.#counted.set(key, counted);
    if (this.#timer === undefined) this.#schedule();
    return counted;
  }

  #schedule(): void {
    this.#timer = this.#clock.schedule(MINUTE, () => this.#minute());
  }

  #minute(): void {
    this.#timer = undefined;
    for (const [key, counted] of this.#counted) {
      if (!this.#tell(counted)) this.#counted.delete(key);
    }
    if (this.#counted.size > 0) this.#schedule();
  }

  #tell(counted: Counted): boolean {
    const { of, dropped, last } = counted;
    if (dropped === 0) return false;
    this.#log("warn", `${dropped} more lines about ${of} in a minute, the last of them: ${last}`);
    counted.dropped = 0;
    return true;
  }
}

const OTHERS = "other addresses";

const fresh = (of: string): Counted => ({ of, lines: 0, dropped: 0, last: "" });

/** Each connection has a port of its own. */
function hostOf(peer: string): string {
  const match = /^(?:\[(?<inBrackets>.*)\]|(?<plain>[^:]*))(?::\d+)?$/u.exec(peer);
  return match?.groups?.["inBrackets"] ?? match?.groups?.["plain"] ?? peer;
}
