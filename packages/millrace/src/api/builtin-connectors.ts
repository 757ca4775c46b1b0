import type { Sink } from "../common/connector/sink.ts";
import type { Source } from "../common/connector/source.ts";
import type { TypeInfo } from "../common/types/type-info.ts";

/**
 * The connectors behind `env.fromItems`, `stream.print` and their siblings. The API sees no connectors; the package's root hands
 * them over when it makes an environment or a job.
 */
export interface BuiltinConnectors {
  /** The items in order, by one reader. */
  items<T>(items: Iterable<T>): Source<T>;
  /** What an asynchronous iterable gives, by one reader. `open` is called once for each attempt. */
  asyncIterable<T>(open: () => AsyncIterable<T>): Source<T>;
  /** The whole numbers from `from` to `to`, both included. */
  sequence(from: number, to: number): Source<number>;
  /** Records made of an index. */
  generator<T>(options: GeneratorOptions<T>): Source<T>;
  /** Prints records to standard output. */
  print(prefix: string | undefined): Sink<unknown, unknown, unknown>;
  /** Hands records to the program that runs the job, by channel. */
  collect(channel: string, type: TypeInfo<unknown> | undefined): Sink<unknown, unknown, unknown>;
}

/** What `env.generate` makes. */
export interface GeneratorOptions<T> {
  /** Makes the record of an index. Pure and synchronous. */
  readonly generate: (index: number) => T;
  /** How many records; without it the stream never ends. */
  readonly count?: number | undefined;
  /** Records a second, of all subtasks together; default as fast as they are taken. */
  readonly ratePerSecond?: number | undefined;
}
