import { ElementKind } from "../../../common/codec/frame-codec.ts";
import { MillraceError } from "../../../common/errors/millrace-error.ts";
import type { InFlightSink } from "../in-flight-sink.ts";
import type { Captured, Item } from "./channel-rig.ts";
import { jsonCodec } from "./json-codec.ts";

/** Remembers what a barrier has overtaken. */
export class Overtaken implements InFlightSink, Captured {
  readonly items: Item[] = [];
  ended = false;

  block(bytes: Uint8Array, start: number, end: number, elements: number, skip: number): void {
    const decoder = jsonCodec.createDecoder();
    decoder.reset(Uint8Array.from(bytes.subarray(start, end)), 0, end - start);
    if (decoder.left !== elements) throw broken(`${decoder.left} elements instead of ${elements}`);
    for (let i = 0; i < elements; i++) {
      const kind = decoder.next();
      if (i < skip) continue;
      if (kind === ElementKind.RECORD) this.record(decoder.value, decoder.timestamp);
      else this.watermark(decoder.timestamp);
    }
  }

  record(value: unknown, timestamp: number): void {
    this.#add({ record: value, timestamp });
  }

  watermark(watermark: number): void {
    this.#add({ watermark });
  }

  since(): void {}

  end(): void {
    if (this.ended) throw broken("a second end");
    this.ended = true;
  }

  #add(item: Item): void {
    if (this.ended) throw broken("elements after the end");
    this.items.push(item);
  }
}

const broken = (what: string): MillraceError => new MillraceError("INTERNAL", `a sink was given ${what}`);
