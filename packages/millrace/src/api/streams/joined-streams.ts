import type { KeySelector } from "../../common/functions/functions.ts";
import type { Duration } from "../../common/time/durations.ts";
import type { TypeInfo } from "../../common/types/type-info.ts";
import { Types } from "../../common/types/types.ts";
import type { Evictor, Trigger } from "../../common/windows/trigger.ts";
import type { WindowAssigner } from "../../common/windows/window-assigner.ts";
import type { Window } from "../../common/windows/window.ts";
import { FORWARD, hashBy } from "../../graph/stream/partitioners.ts";
import { requireFunction } from "../functions/element-specs.ts";
import { selectorOf } from "../functions/key-selector.ts";
import type { Erased } from "./erased.ts";
import { edgesTo, partitioned, typeOfUpstreams } from "./origin.ts";
import type { Recording, Upstream, Upstreams } from "./recording.ts";
import type {
  CoGroupedStreams,
  CoGroupedWindows,
  JoinedStreams,
  JoinedWindows,
  JoinRecord,
  JoinWindowSettings,
} from "./streams.ts";
import { WindowOperations } from "./window-operations.ts";
import { checkLateness, windowSettings, type WindowSettings } from "./window-settings.ts";
import { windowFunction } from "./windowed-stream.ts";

type Tagged = JoinRecord<unknown, unknown>;

/*
 * A window join is recorded as what it is: both streams' records tagged with their side, one stream of both, keyed by what each
 * side's selector says, windowed, and paired when a window fires.
 */

/** Streams whose keys are yet to be named; `finish` makes what `window` answers. */
class KeysToName<R> {
  readonly #windows: (
    first: KeySelector<Erased, unknown>,
    second: KeySelector<Erased, unknown>,
    assigner: WindowAssigner<Erased>,
  ) => R;

  constructor(
    recording: Recording,
    first: Upstreams,
    second: Upstreams,
    finish: (operations: WindowOperations) => R,
  ) {
    this.#windows = (one, two, assigner) => finish(joinWindows(recording, first, second, one, two, assigner));
  }

  where(key: KeySelector<Erased, unknown>): Erased {
    const first = selectorOf("where", key);
    return {
      equalTo: (other: KeySelector<Erased, unknown>) => {
        const second = selectorOf("equalTo", other);
        return { window: (assigner: WindowAssigner<Erased>) => this.#windows(first, second, assigner) };
      },
    };
  }
}

/** Two streams to be joined. */
export class RecordedJoin extends KeysToName<RecordedJoinedWindows> implements JoinedStreams<Erased, Erased> {
  constructor(recording: Recording, first: Upstreams, second: Upstreams) {
    super(recording, first, second, (operations) => new RecordedJoinedWindows(operations));
  }
}

/** Two streams to be grouped. */
export class RecordedCoGroup
  extends KeysToName<RecordedCoGroupedWindows>
  implements CoGroupedStreams<Erased, Erased>
{
  constructor(recording: Recording, first: Upstreams, second: Upstreams) {
    super(recording, first, second, (operations) => new RecordedCoGroupedWindows(operations));
  }
}

abstract class RecordedJoinWindows implements JoinWindowSettings<Erased, Erased, Window> {
  protected readonly operations: WindowOperations;

  constructor(operations: WindowOperations) {
    this.operations = operations;
  }

  trigger(trigger: Trigger<Erased, Erased>): this {
    return this.#with({ trigger });
  }

  evictor(evictor: Evictor<Erased, Erased>): this {
    return this.#with({ evictor });
  }

  allowedLateness(lateness: Duration): this {
    return this.#with({ allowedLateness: checkLateness(lateness) });
  }

  #with(change: Partial<WindowSettings>): this {
    const Self = this.constructor as new (operations: WindowOperations) => this;
    return new Self(this.operations.with(change));
  }
}

/** Windows of joined streams. */
export class RecordedJoinedWindows
  extends RecordedJoinWindows
  implements JoinedWindows<Erased, Erased, Erased, Window>
{
  apply(fn: (first: Erased, second: Erased, key: Erased, window: Erased) => Erased): Erased {
    requireFunction("apply", "the join function", fn);
    return this.operations.process(
      windowFunction((records, { key, window }) => {
        const [firsts, seconds] = sides(records);
        return firsts.flatMap((first) => seconds.map((second) => fn(first, second, key, window)));
      }),
      "Window Join",
    );
  }
}

/** Windows of grouped streams. */
export class RecordedCoGroupedWindows
  extends RecordedJoinWindows
  implements CoGroupedWindows<Erased, Erased, Erased, Window>
{
  apply(
    fn: (first: readonly Erased[], second: readonly Erased[], key: Erased, window: Erased) => Erased,
  ): Erased {
    requireFunction("apply", "the co-group function", fn);
    return this.operations.process(
      windowFunction((records, { key, window }) => {
        const [firsts, seconds] = sides(records);
        return fn(firsts, seconds, key, window);
      }),
      "Co-Group",
    );
  }
}

function sides(records: Iterable<Tagged>): readonly [readonly unknown[], readonly unknown[]] {
  const both: readonly [unknown[], unknown[]] = [[], []];
  for (const { side, value } of records) both[side].push(value);
  return both;
}

function joinWindows(
  recording: Recording,
  first: Upstreams,
  second: Upstreams,
  firstKey: KeySelector<unknown, unknown>,
  secondKey: KeySelector<unknown, unknown>,
  assigner: WindowAssigner<unknown>,
): WindowOperations {
  const selector: KeySelector<unknown, unknown> = (record) => {
    const { side, value } = record as Tagged;
    return side === 0 ? firstKey(value) : secondKey(value);
  };
  const types = [typeOfUpstreams(first), typeOfUpstreams(second)] as const;
  // Both sides travel as one type, so that what the window keeps has one codec.
  const type =
    types[0] && types[1] ? Types.union(taggedType(0, types[0]), taggedType(1, types[1])) : undefined;
  const upstreams = [tagged(recording, first, 0, type), tagged(recording, second, 1, type)];
  const settings = windowSettings(selector, assigner);
  return new WindowOperations(
    recording,
    partitioned(upstreams, hashBy(selector)),
    { ...settings, assigner: untagging(assigner) },
    false,
  );
}

function tagged(
  recording: Recording,
  upstreams: Upstreams,
  side: 0 | 1,
  type: TypeInfo<unknown> | undefined,
): Upstream {
  const node = recording.builder.add({
    spec: { kind: "map", fn: (value) => ({ side, value }) },
    name: side === 0 ? "Join First" : "Join Second",
    inputs: edgesTo(upstreams),
    outputType: type,
  });
  return { node, sideOutput: undefined, partitioner: FORWARD, type };
}

const taggedType = (side: 0 | 1, value: TypeInfo<unknown>): TypeInfo<unknown> =>
  Types.object({ side: Types.literal(side), value }) as TypeInfo<Erased>;

/** Assigners that look at the record see the user's, not the tagged one. */
function untagging(assigner: WindowAssigner<unknown>): WindowAssigner<unknown> {
  if (assigner.shape.kind !== "dynamic-session" && assigner.shape.kind !== "custom") return assigner;
  return {
    "~millrace": "windows",
    shape: assigner.shape,
    timeDomain: assigner.timeDomain,
    assignWindows: (record, timestamp) => assigner.assignWindows((record as Tagged).value, timestamp),
    defaultTrigger: () => assigner.defaultTrigger(),
  };
}
