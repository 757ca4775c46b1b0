import type { Timestamp } from "../time/timestamps.ts";
import type { TypeDescription } from "../types/type-description.ts";
import type { TypeInfo } from "../types/type-info.ts";
import { RowKind } from "./block-layout.ts";
import { BlockReader } from "./block-reader.ts";
import { BlockWriter } from "./block-writer.ts";
import { codecHelpers } from "./codec-helpers.ts";
import { compile } from "./compile.ts";
import type { BlockDecoder, BlockEncoder, ElementKind, FrameCodec } from "./frame-codec.ts";
import { ReadEmitter } from "./generate-read.ts";
import { WriteEmitter } from "./generate-write.ts";
import { recordMismatch } from "./record-mismatch.ts";
import { fixedBytes } from "./type-layout.ts";

type WriteRecord<T> = (this: BlockWriter, value: T, timestamp: Timestamp) => boolean;
type Next = (this: BlockReader<unknown>) => ElementKind;

/** The codec of a declared type, generated from its description. */
export function createGeneratedCodec<T>(type: TypeInfo<T>, unique: string): FrameCodec<T> {
  const slack = fixedBytes(type.description);
  let writeRecord: WriteRecord<T> | undefined;
  let next: Next | undefined;
  return {
    createEncoder: () => new GeneratedEncoder<T>(slack, (writeRecord ??= compileWriteRecord(type, unique))),
    createDecoder: () => new GeneratedDecoder<T>((next ??= compileNext(type, unique))),
  };
}

/** All generated encoders share one class, so that the engine's calls see one shape; the function tells them apart. */
class GeneratedEncoder<T> extends BlockWriter implements BlockEncoder<T> {
  readonly writeRecord: (value: T, timestamp: Timestamp) => boolean;

  constructor(slack: number, writeRecord: WriteRecord<T>) {
    super(slack);
    this.writeRecord = writeRecord;
  }
}

class GeneratedDecoder<T> extends BlockReader<T> implements BlockDecoder<T> {
  readonly next: () => ElementKind;

  constructor(next: Next) {
    super();
    this.next = next;
  }
}

/** Statements that write a record's row prefix on the locals; `kind` is the expression of its high bits. */
export function prefixStatements(kind: string): string {
  return `let delta = 0;
const base = sink.base;
if (timestamp === base) rows[p++] = ${kind}${RowKind.RECORD_SAME};
else if (timestamp === -Infinity) rows[p++] = ${kind}${RowKind.RECORD};
else if (((delta = timestamp - base) | 0) === delta && base + delta === timestamp) {
  rows[p] = ${kind}${RowKind.RECORD_DELTA}; view.setInt32(p + 1, delta, true); p += 5;
} else {
  h.checkTimestamp(timestamp);
  rows[p] = ${kind}${RowKind.RECORD_AT}; view.setFloat64(p + 1, timestamp, true); p += 9;
}`;
}

/** Statements that make the row an element of the block, or answer `no` when it does not fit. */
export function commitStatements(yes: string, no: string): string {
  return `if (sink.count > 0 && p + text.length * sink.characterBytes > sink.room) return ${no};
sink.rowsLength = p; sink.written = text; sink.count++;
if (timestamp !== -Infinity) sink.base = timestamp;
return ${yes};`;
}

function compileWriteRecord<T>(type: TypeInfo<T>, unique: string): WriteRecord<T> {
  const emitter = new WriteEmitter();
  const statements = emitter.write(type.description, "value", "throw refuse(value);");
  const body = `${emitter.functions.join("\n")}
return function writeRecord(value, timestamp) {
const sink = this;
let p = sink.rowsLength, text = sink.written, rows = sink.rows, view = sink.view, high = sink.high, n = 0;
${WriteEmitter.RESERVE}
${prefixStatements("")}
${statements}
${commitStatements("true", "false")}
};`;
  const refuse = (value: unknown): unknown => recordMismatch(type, value);
  const types: readonly TypeDescription[] = emitter.types;
  return compile(
    ["h", "types", "refuse"],
    [codecHelpers(type.customs), types, refuse],
    body,
    `${unique}/encode`,
  ) as WriteRecord<T>;
}

function compileNext<T>(type: TypeInfo<T>, unique: string): Next {
  const emitter = new ReadEmitter();
  const statements = emitter.read(type.description, "value");
  const body = `${emitter.functions.join("\n")}
return function next() {
const source = this;
if (source.left === 0) return source.ended();
try {
source.left--;
${ReadEmitter.LOAD}
let timestamp = -Infinity;
const kind = view.getUint8(p++);
if (kind === ${RowKind.RECORD_SAME}) timestamp = source.base;
else if (kind === ${RowKind.RECORD_DELTA}) { source.base = timestamp = source.base + view.getInt32(p, true); p += 4; }
else if (kind === ${RowKind.RECORD_AT}) { source.position = p; timestamp = source.base = source.readFinite(); p += 8; }
else if (kind !== ${RowKind.RECORD}) { source.position = p; return source.readWatermark(kind); }
${statements}
if (!(p <= end && t <= text.length)) throw h.corrupt(source, "an element beyond its end");
${ReadEmitter.STORE}
source.value = value;
source.timestamp = timestamp;
return 1;
} catch (error) { throw source.damaged(error); }
};`;
  return compile(["h"], [codecHelpers(type.customs)], body, `${unique}/decode`) as Next;
}
