import type { JobGraph } from "../../../../graph/job/job-graph.ts";
import type { ParallelismBounds } from "../../../../protocol/cluster/job-submission.ts";
import type { ScalableVertex } from "./scalable-vertices.ts";

/** Parallelism by vertex. */
export type Parallelisms = Readonly<Record<string, number>>;

type Vertex = Pick<ScalableVertex, "id" | "slotSharingGroup" | "tie">;
type Bounds = ReadonlyMap<string, ParallelismBounds>;

/**
 * The highest parallelism that so many slots are enough for: every group of vertices that share slots gets as many as its greatest lower bound
 * wants, and the rest is spread evenly; a vertex then runs at as many as its group has, but never above its upper bound.
 * undefined: they are not enough. Pure.
 */
export function decideParallelism(
  vertices: readonly Vertex[],
  bounds: Bounds,
  slots: number,
): Parallelisms | undefined {
  const tied = tieBounds(vertices, bounds);
  const share = new Map<string, number>();
  const wanted = new Map<string, number>();
  for (const { id, slotSharingGroup: group } of vertices) {
    const { lower, upper } = boundsOf(tied, id);
    share.set(group, Math.max(share.get(group) ?? 0, lower));
    wanted.set(group, Math.max(wanted.get(group) ?? 0, upper));
  }
  let left = slots - sum(share.values());
  if (left < 0) return undefined;
  const growing = (): string[] =>
    [...share.keys()].filter((group) => (share.get(group) ?? 0) < (wanted.get(group) ?? 0));
  for (let open = growing(); left > 0 && open.length > 0; open = growing()) {
    const least = Math.min(...open.map((group) => share.get(group) ?? 0));
    for (const group of open) {
      if (left > 0 && share.get(group) === least) {
        share.set(group, least + 1);
        left--;
      }
    }
  }
  const possible = new Map<number, number>();
  for (const { id, slotSharingGroup, tie } of vertices) {
    const most = Math.min(boundsOf(tied, id).upper, share.get(slotSharingGroup) ?? 0);
    possible.set(tie, Math.min(possible.get(tie) ?? Infinity, most));
  }
  return Object.fromEntries(vertices.map(({ id, tie }) => [id, possible.get(tie) ?? 1]));
}

/** The slots that parallelisms take: those of a sharing group share slots, groups have slots of their own. */
export function slotsFor(vertices: readonly Vertex[], parallelism: (id: string) => number): number {
  const largest = new Map<string, number>();
  for (const { id, slotSharingGroup } of vertices)
    largest.set(slotSharingGroup, Math.max(largest.get(slotSharingGroup) ?? 0, parallelism(id)));
  return sum(largest.values());
}

/** Whether both say the same of every vertex. */
export const sameParallelism = (a: Parallelisms, b: Parallelisms): boolean =>
  Object.keys({ ...a, ...b }).every((id) => a[id] === b[id]);

/** Tied vertices can only have what all of them can. */
function tieBounds(vertices: readonly Vertex[], bounds: Bounds): Bounds {
  const byTie = new Map<number, ParallelismBounds>();
  for (const { id, tie } of vertices) {
    const { lower, upper } = boundsOf(bounds, id);
    const known = byTie.get(tie);
    byTie.set(tie, {
      lower: Math.max(lower, known?.lower ?? 1),
      upper: Math.min(upper, known?.upper ?? Infinity),
    });
  }
  return new Map(
    vertices.map(({ id, tie }) => {
      const { lower, upper } = byTie.get(tie) as ParallelismBounds;
      return [id, { lower: Math.min(lower, upper), upper }];
    }),
  );
}

const boundsOf = (bounds: Bounds, id: string): ParallelismBounds => bounds.get(id) ?? { lower: 1, upper: 1 };

const sum = (numbers: Iterable<number>): number => [...numbers].reduce((total, one) => total + one, 0);

/** The parallelism that a job was built at. */
export const parallelismOf = ({ jobGraph }: { readonly jobGraph: JobGraph }): Parallelisms =>
  Object.fromEntries(jobGraph.vertices.map(({ id, parallelism }) => [id, parallelism]));

/** How many slots a job needs at least. */
export const leastSlots = (vertices: readonly Vertex[], bounds: Bounds): number =>
  slotsFor(vertices, (id) => bounds.get(id)?.lower ?? 1);
