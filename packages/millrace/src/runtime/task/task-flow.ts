import type { Flow, OutputCursor } from "../operators/flow.ts";

/** Room behind one operator: a plain field, read by loops after each record they emit. */
class NodeFlow implements Flow {
  blocked = false;
  /** How many things in front of it (writers, holds, cursors) have no room. */
  reasons = 0;
}

/**
 * Who must wait for whom within one task. Its operators form a tree (a chain with branches), the task's input above its root. An
 * operator, or a writer behind it, that can take no more blocks all operators above it, and the input.
 *
 * Also keeps the output loops that stopped for want of room, and resumes them, those furthest down first.
 */
export class TaskFlow {
  /** Room behind the task's input: what the input loop reads after each record. */
  readonly input: Flow;
  readonly #input = new NodeFlow();
  readonly #nodes: readonly NodeFlow[];
  /** Parent of each operator, -1 for the root. Parents come before their children. */
  readonly #parents: readonly number[];
  readonly #held: boolean[];
  readonly #cursors: OutputCursor[][];
  readonly #enter: (node: number) => void;
  #pending = 0;

  /** @param enter told which operator is at work before its output loop is resumed */
  constructor(parents: readonly number[], enter: (node: number) => void = () => {}) {
    this.input = this.#input;
    this.#parents = parents;
    this.#enter = enter;
    this.#nodes = parents.map(() => new NodeFlow());
    this.#held = parents.map(() => false);
    this.#cursors = parents.map(() => []);
  }

  /** What operator `node` reads. */
  of(node: number): Flow {
    return this.#nodes[node] as NodeFlow;
  }

  /** Whether an output loop waits for room. */
  get hasPending(): boolean {
    return this.#pending > 0;
  }

  /** Whether one of them must come to its end before a snapshot can be taken. */
  get keepsBarriers(): boolean {
    return (
      this.#pending > 0 && this.#cursors.some((waiting) => waiting.some(({ inState }) => inState !== true))
    );
  }

  /** The writers of operator `node` have no room, or have some again. */
  writersBlocked(node: number, blocked: boolean): void {
    this.#add(node, blocked ? 1 : -1);
  }

  /** Operator `node` can take no more records itself, or can again. */
  hold(node: number, held: boolean): void {
    if (this.#held[node] === held) return;
    this.#held[node] = held;
    this.#add(this.#parents[node] as number, held ? 1 : -1);
  }

  /** See OperatorContext.runCursor. */
  run(node: number, cursor: OutputCursor): void {
    const waiting = this.#cursors[node] as OutputCursor[];
    if (waiting.length === 0 && cursor.advance()) return;
    waiting.push(cursor);
    this.#pending++;
    if (waiting.length === 1) this.#add(this.#parents[node] as number, 1);
  }

  /** Resumes what waits, as far as there is room. Whether anything was resumed. */
  advancePending(): boolean {
    let moved = false;
    for (let node = this.#nodes.length - 1; node >= 0 && this.#pending > 0; node--) {
      const waiting = this.#cursors[node] as OutputCursor[];
      while (waiting.length > 0 && !(this.#nodes[node] as NodeFlow).blocked) {
        moved = true;
        this.#enter(node);
        if (!(waiting[0] as OutputCursor).advance()) break;
        waiting.shift();
        this.#pending--;
        if (waiting.length === 0) this.#add(this.#parents[node] as number, -1);
      }
    }
    return moved;
  }

  #add(from: number, delta: number): void {
    for (let node = from; node >= 0; node = this.#parents[node] as number)
      change(this.#nodes[node] as NodeFlow, delta);
    change(this.#input, delta);
  }
}

function change(flow: NodeFlow, delta: number): void {
  flow.reasons += delta;
  flow.blocked = flow.reasons > 0;
}
