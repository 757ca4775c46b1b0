import { createFrameCodec } from "../../../../common/codec/create-frame-codec.ts";
import type { FrameCodec } from "../../../../common/codec/frame-codec.ts";
import type { TypeInfo } from "../../../../common/types/type-info.ts";
import { Types } from "../../../../common/types/types.ts";
import type { StateMeta } from "../../../state/captured-state.ts";

/**
 * A row: one element of a state of a key. Which fields there are follows from the state's layout and kind, see `emptyRow`. Times, and
 * the namespaces of tables, stand where records have their timestamps.
 */
export interface StateRow {
  /** The key; undefined: the row continues the entry of the row before. */
  k: unknown;
  /** Only with namespaces: which one; null: that of the row before. */
  n?: string | null;
  /** Only of maps: the map's key. */
  m?: unknown;
  /** The value; of a timer its time. */
  v: unknown;
}

/** What the fields of a state's rows follow from. */
export type RowForm = Pick<StateMeta, "layout" | "kind">;

/** What the codec of a state's rows depends on. */
type RowState = Pick<StateMeta, "layout" | "kind" | "keyType" | "type">;

/** Whether rows of this state are timers. */
export function isTimers({ layout }: RowForm): boolean {
  return layout === "event-timers" || layout === "processing-timers";
}

/** Whether an entry has exactly one row. */
export function isSingle({ layout, kind }: RowForm): boolean {
  return layout === "tables" || (layout === "keyed" && kind !== "list" && kind !== "map");
}

/** A row of this state, with all the fields that its rows have. */
export function emptyRow(state: RowForm): StateRow {
  const map = state.kind === "map";
  if (isTimers(state)) return { k: undefined, n: "", v: 0 };
  if (state.layout !== "namespaced")
    return map ? { k: undefined, m: undefined, v: undefined } : { k: undefined, v: undefined };
  return map
    ? { k: undefined, n: null, m: undefined, v: undefined }
    : { k: undefined, n: null, v: undefined };
}

/** The type of a state's rows; undefined where nothing of it is declared, and rows are of the shapes that are seen. */
function rowType(state: RowState): TypeInfo<StateRow> | undefined {
  if (!isTimers(state) && state.type === undefined && state.keyType === undefined) return undefined;
  const type = Types.object({
    k: Types.any,
    ...namespaceField(state),
    ...(state.kind === "map" ? { m: state.keyType ?? Types.any } : {}),
    v: isTimers(state) ? Types.double : (state.type ?? Types.any),
  });
  // The fields follow from the state, which the compiler can't see.
  return type as TypeInfo<unknown> as TypeInfo<StateRow>;
}

function namespaceField(
  state: RowState,
): Readonly<Record<string, TypeInfo<string> | TypeInfo<string | null>>> {
  if (isTimers(state)) return { n: Types.string };
  return state.layout === "namespaced" ? { n: Types.nullable(Types.string) } : {};
}

let codecs = 0;

/** A codec of a state's rows. `generate`: whether code is compiled for it, which pays from some hundred rows on. */
export function createRowCodec(
  state: RowState & { readonly name: string },
  generate: boolean,
): FrameCodec<StateRow> {
  // The number keeps what V8 learns of one job's rows from those of another of the same name.
  const unique = `checkpoint-${codecs++}/${state.name}`;
  return createFrameCodec(rowType(state), { unique, generate });
}

const kept = new WeakMap<StateMeta, FrameCodec<StateRow>>();

/** The codec of a declared state, compiled once for all the snapshots that are taken of it. */
export function rowCodecOf(meta: StateMeta): FrameCodec<StateRow> {
  let codec = kept.get(meta);
  if (codec === undefined) {
    codec = createRowCodec(meta, true);
    kept.set(meta, codec);
  }
  return codec;
}
