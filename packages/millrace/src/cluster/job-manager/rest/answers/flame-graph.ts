import type { FlameNode } from "../../../../protocol/rest/vertices.ts";

/** What a flame graph shows: all time, the time spent working, or the time spent waiting. */
export type FlameGraphKind = "FULL" | "ON_CPU" | "OFF_CPU";

/** A CPU profile as V8 makes it, as far as it is read here. */
interface Profile {
  readonly nodes: readonly ProfileNode[];
}

interface ProfileNode {
  readonly id: number;
  readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  readonly hitCount?: number;
  readonly children?: readonly number[];
}

/** Deeper frames are left out. */
const MAX_DEPTH = 200;
/** What V8 calls the time in which a thread waits. */
const WAITING = "(idle)";

/**
 * Profiles of several subtasks as one flame graph. Frames of the same function below the same parent become one.
 *
 * @param profiles of subtasks; what is no profile is left out
 * @returns null where nothing was sampled
 */
export function flameGraph(profiles: readonly unknown[], kind: FlameGraphKind): FlameNode | null {
  const root: FlameNode = { name: "root", value: 0, children: [] };
  for (const profile of profiles) if (isProfile(profile)) addProfile(root, profile, kind);
  return root.value === 0 ? null : root;
}

function addProfile(root: FlameNode, { nodes }: Profile, kind: FlameGraphKind): void {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const [top] = nodes;
  for (const id of top?.children ?? []) {
    const node = byId.get(id);
    if (node === undefined) continue;
    const waits = node.callFrame.functionName === WAITING;
    if ((kind === "ON_CPU" && waits) || (kind === "OFF_CPU" && !waits)) continue;
    root.value += addNode(root, node, byId, 0);
  }
}

/** @returns samples of the frame and of all below it */
function addNode(
  parent: FlameNode,
  node: ProfileNode,
  byId: ReadonlyMap<number, ProfileNode>,
  depth: number,
): number {
  const name = frameName(node);
  let frame = parent.children.find((child) => child.name === name);
  if (frame === undefined) {
    frame = { name, value: 0, children: [] };
    parent.children.push(frame);
  }
  let samples = node.hitCount ?? 0;
  if (depth < MAX_DEPTH) {
    for (const id of node.children ?? []) {
      const child = byId.get(id);
      if (child !== undefined) samples += addNode(frame, child, byId, depth + 1);
    }
  }
  frame.value += samples;
  return samples;
}

function frameName({ callFrame: { functionName, url, lineNumber } }: ProfileNode): string {
  const name = functionName === "" ? "(anonymous)" : functionName;
  return url === "" ? name : `${name} ${url}:${lineNumber + 1}`;
}

const isProfile = (value: unknown): value is Profile =>
  typeof value === "object" && value !== null && Array.isArray((value as { nodes?: unknown }).nodes);
