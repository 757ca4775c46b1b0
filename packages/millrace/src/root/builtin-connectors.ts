import type { BuiltinConnectors } from "../api/builtin-connectors.ts";
import { collectSink } from "../connectors/collect/collect-sink.ts";
import { generatorSource } from "../connectors/generator/generator-source.ts";
import { sequenceSource } from "../connectors/generator/sequence-source.ts";
import { asyncIterableSource } from "../connectors/items/async-iterable-source.ts";
import { itemsSource } from "../connectors/items/items-source.ts";
import { printSink } from "../connectors/print/print-sink.ts";

/** What `env.fromItems`, `stream.print` and their siblings are made of. */
export const builtinConnectors: BuiltinConnectors = {
  items: (items) => itemsSource(items),
  asyncIterable: (open) => asyncIterableSource(open),
  sequence: (from, to) => sequenceSource(from, to),
  generator: (options) => generatorSource(options),
  print: (prefix) => printSink({ prefix }),
  collect: (channel, type) => collectSink(channel, type),
};
