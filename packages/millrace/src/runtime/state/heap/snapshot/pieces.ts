import { unreachable } from "../../../../common/errors/unreachable.ts";
import type { CapturedState } from "../../captured-state.ts";

/** A piece of a state, and how many elements it has. */
export interface Piece {
  readonly state: CapturedState;
  readonly weight: number;
}

/** Cuts a state into pieces of at most `size` elements. What it is made of is read as the pieces are taken. */
export function* piecesOf(state: CapturedState, size: number): Generator<Piece> {
  switch (state.kind) {
    case "element":
      yield { state, weight: 1 };
      return;
    case "list":
      for (const elements of chunks(state.elements, size))
        yield { state: { kind: "list", elements }, weight: elements.length };
      return;
    case "map":
      for (const entries of chunks(state.entries, size))
        yield { state: { kind: "map", entries }, weight: entries.length };
      return;
    case "timers":
      for (const timers of chunks(state.timers, size))
        yield { state: { kind: "timers", timers }, weight: timers.length };
      return;
    case "namespaces":
      yield* namespacePieces(state.namespaces, size);
      return;
    default:
      unreachable(state, "captured state");
  }
}

/** Small namespaces go together, large ones are cut. */
function* namespacePieces(
  all: Iterable<readonly [namespace: string, state: CapturedState]>,
  size: number,
): Generator<Piece> {
  let namespaces: (readonly [string, CapturedState])[] = [];
  let weight = 0;
  for (const [namespace, inner] of all) {
    for (const piece of piecesOf(inner, size)) {
      if (weight > 0 && weight + piece.weight > size) {
        yield { state: { kind: "namespaces", namespaces }, weight };
        namespaces = [];
        weight = 0;
      }
      namespaces.push([namespace, piece.state]);
      weight += piece.weight;
    }
  }
  if (weight > 0) yield { state: { kind: "namespaces", namespaces }, weight };
}

function* chunks<T>(all: Iterable<T>, size: number): Generator<readonly T[]> {
  let chunk: T[] = [];
  for (const each of all) {
    chunk.push(each);
    if (chunk.length < size) continue;
    yield chunk;
    chunk = [];
  }
  if (chunk.length > 0) yield chunk;
}
