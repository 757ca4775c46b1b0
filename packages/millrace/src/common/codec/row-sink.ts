import { LONG } from "./block-layout.ts";

const INITIAL = 1024;

/**
 * Where values are written: rows of bytes, and the text that all strings are appended to.
 *
 * `position` and `text` are working registers: generated code keeps them in locals and stores them here around calls.
 * `high` is the last position at which the fixed parts of a whole value still fit; whoever writes something of variable
 * length calls `reserve` first, which keeps that promise.
 */
export class RowSink {
  rows: Buffer;
  view: DataView;
  position = 0;
  text = "";
  high: number;
  #slack: number;
  /** How large the rows usually get: they grow up to this at once, and beyond only for a value that needs it. */
  #limit: number;

  /** @param slack the bytes of all fixed parts of a value of the type, each counted once */
  constructor(slack: number) {
    this.#slack = slack;
    this.#limit = 0;
    this.rows = unpooled(INITIAL + slack);
    this.view = viewOf(this.rows);
    this.high = this.rows.length - slack;
  }

  /** Makes room for `bytes` at `position`, and for the fixed parts of a value behind them. */
  reserve(bytes: number): void {
    if (this.position + bytes <= this.high) return;
    const needed = this.position + bytes + this.#slack;
    const doubled = Math.max(needed, this.rows.length * 2);
    const grown = unpooled(needed <= this.#limit ? Math.min(doubled, this.#limit) : doubled);
    grown.set(this.rows.subarray(0, Math.min(this.position, this.rows.length)));
    this.#use(grown);
  }

  /** Keeps room for values with larger fixed parts, too. */
  protected ensureSlack(slack: number): void {
    if (slack <= this.#slack) return;
    this.#slack = slack;
    this.high = this.rows.length - slack;
    this.reserve(0);
  }

  /** Starts anew, with `usual` as the bytes that rows take at most, as a rule; gives up an outsized buffer. */
  protected restart(usual: number): void {
    this.#limit = usual + this.#slack;
    if (this.rows.length > 4 * (this.#limit + INITIAL)) this.#use(unpooled(INITIAL + this.#slack));
    this.position = 0;
    this.text = "";
  }

  #use(rows: Buffer): void {
    this.rows = rows;
    this.view = viewOf(rows);
    this.high = rows.length - this.#slack;
  }
}

/** Writes a length: one byte below 255, else 255 and u32. At most 5 bytes, which the caller has reserved. */
export function writeLength(sink: RowSink, length: number): void {
  if (length < LONG) {
    sink.rows[sink.position++] = length;
  } else {
    sink.rows[sink.position] = LONG;
    sink.view.setUint32(sink.position + 1, length, true);
    sink.position += 5;
  }
}

/** Node's small-buffer pool would leave rows unaligned and keep 8 KiB alive. */
function unpooled(bytes: number): Buffer {
  return Buffer.allocUnsafeSlow(bytes);
}

function viewOf(buffer: Buffer): DataView {
  return new DataView(buffer.buffer, buffer.byteOffset, buffer.byteLength);
}
