import type { ElementCursor, ElementKind as Kind } from "../../../common/codec/frame-codec.ts";
import { ElementKind } from "../../../common/codec/frame-codec.ts";
import type { Timestamp } from "../../../common/time/timestamps.ts";

/** Those elements of a block that are one subtask's share of it: the others are passed over. */
export class ShareCursor implements ElementCursor<unknown> {
  /** Whether watermarks count. */
  watermarks = false;
  readonly #elements: ElementCursor<unknown>;
  readonly #belongs: ((value: unknown) => boolean) | undefined;

  /** @param belongs whether a record is of the share; undefined: all are */
  constructor(elements: ElementCursor<unknown>, belongs: ((value: unknown) => boolean) | undefined) {
    this.#elements = elements;
    this.#belongs = belongs;
  }

  get value(): unknown {
    return this.#elements.value;
  }

  get timestamp(): Timestamp {
    return this.#elements.timestamp;
  }

  next(): Kind {
    for (;;) {
      const kind = this.#elements.next();
      if (kind === ElementKind.END) return kind;
      const mine =
        kind === ElementKind.WATERMARK ? this.watermarks : (this.#belongs?.(this.#elements.value) ?? true);
      if (mine) return kind;
    }
  }
}
