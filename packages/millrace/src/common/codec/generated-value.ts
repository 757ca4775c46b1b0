import type { TypeDescription } from "../types/type-description.ts";
import { codecHelpers } from "./codec-helpers.ts";
import { compile } from "./compile.ts";
import { ReadEmitter } from "./generate-read.ts";
import { WriteEmitter } from "./generate-write.ts";
import { interpretRead } from "./interpret-read.ts";
import { interpretWrite, type Customs } from "./interpret-write.ts";
import type { RowSink } from "./row-sink.ts";
import type { RowSource } from "./row-source.ts";

/** Writes a value at the sink's position; false when it does not fit the type, and what was written is void. */
export type ValueWriter = (sink: RowSink, value: unknown) => boolean;

/** Reads a value at the source's position. */
export type ValueReader = (source: RowSource) => unknown;

/** The writer of a type: generated, or the interpreter. */
export function valueWriter(
  type: TypeDescription,
  customs: Customs,
  unique: string,
  generate: boolean,
): ValueWriter {
  if (!generate) return (sink, value) => interpretWrite(sink, type, customs, value);
  const emitter = new WriteEmitter();
  const statements = emitter.write(type, "value", "return false;");
  const body = `${emitter.functions.join("\n")}
return function write(sink, value) {
${WriteEmitter.LOAD}
${WriteEmitter.RESERVE}
${statements}
sink.position = p; sink.text = text;
return true;
};`;
  return compile(["h", "types"], [codecHelpers(customs), emitter.types], body, unique) as ValueWriter;
}

/** The reader of a type: generated, or the interpreter. Its caller checks the ends behind each value. */
export function valueReader(
  type: TypeDescription,
  customs: Customs,
  unique: string,
  generate: boolean,
): ValueReader {
  if (!generate) return (source) => interpretRead(source, type, customs);
  const emitter = new ReadEmitter();
  const statements = emitter.read(type, "value");
  const body = `${emitter.functions.join("\n")}
return function read(source) {
${ReadEmitter.LOAD}
${statements}
${ReadEmitter.STORE}
return value;
};`;
  return compile(["h"], [codecHelpers(customs)], body, unique) as ValueReader;
}
