import type { Draws } from "./draws.ts";
import type { WordPool } from "./word-pool.ts";

/** Where a bid came from. */
export interface Channel {
  readonly channel: string;
  readonly url: string;
}

const HOT = ["Google", "Facebook", "Baidu", "Apple"] as const;
const COLD = 10_000;

/** The channels of all bids: four that bring half of the bids, and 10,000 others, made when they are first drawn. */
export class Channels {
  readonly #draws: Draws;
  readonly #pool: WordPool;
  readonly #hot: readonly Channel[];
  readonly #cold: (Channel | undefined)[] = Array.from({ length: COLD });

  /** @param draws for the channels alone */
  constructor(draws: Draws, pool: WordPool) {
    this.#draws = draws;
    this.#pool = pool;
    this.#hot = HOT.map((channel, i) => ({ channel, url: flat(this.#url(COLD + i)) }));
  }

  /** The channel that belongs to a draw from [0, 1). */
  at(drawn: number): Channel {
    // The indexes are below the lengths.
    if (drawn < 0.5) return this.#hot[Math.floor(drawn * 2 * HOT.length)]!;
    const i = Math.floor((drawn * 2 - 1) * COLD);
    return (this.#cold[i] ??= this.#make(i));
  }

  #make(i: number): Channel {
    const url = this.#url(i);
    // One in ten has no channel id in its url.
    const id = this.#draws.below(10) > 0 ? `&channel_id=${reversed(i)}` : "";
    return { channel: flat(`channel-${i}`), url: flat(url + id) };
  }

  #url(i: number): string {
    this.#draws.begin(i);
    const part = (): string => this.#pool.word(this.#draws, 5);
    return `https://www.nexmark.com/${part()}/${part()}/${part()}/item.htm?query=1`;
  }
}

/** A string put together of parts is a tree inside the engine: one that is read often should be flat. */
function flat(text: string): string {
  return Buffer.from(text).toString("latin1");
}

/** The bits of a number in reverse, without sign: ids that look arbitrary and are all different. */
function reversed(n: number): number {
  let bits = 0;
  for (let i = 0; i < 32; i++) bits |= ((n >>> i) & 1) << (31 - i);
  return Math.abs(bits);
}
