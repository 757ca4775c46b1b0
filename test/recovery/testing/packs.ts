import { listState, Types } from "millrace";
import type {
  CheckpointedFunction,
  FunctionInitializationContext,
  ListState,
  RichFlatMapFunction,
  RuntimeContext,
} from "millrace";

/** The last of the numbers: what is kept comes out. */
export const LAST = -1;

/**
 * Sees all numbers, as all subtasks do, and takes its own: every so-many-th. Passes them on in packs of ten; a pack that is not full is list
 * state, which is split among the subtasks.
 */
export class Packs implements RichFlatMapFunction<number, string>, CheckpointedFunction {
  protected pack: number[] = [];
  #stored: ListState<number> | undefined;
  #subtask = 0;
  #parallelism = 1;

  protected state(context: FunctionInitializationContext): ListState<number> {
    return context.getListState(listState(Types.int, { name: "pack" }));
  }

  protected text(n: number): string {
    return `packed ${n}`;
  }

  initializeState(context: FunctionInitializationContext): void {
    this.#stored = this.state(context);
    this.pack = [...this.#stored.get()];
  }

  open({ subtaskIndex, parallelism }: RuntimeContext): void {
    this.#subtask = subtaskIndex;
    this.#parallelism = parallelism;
  }

  protected own(n: number): boolean {
    return n % this.#parallelism === this.#subtask;
  }

  flatMap(n: number): string[] {
    if (n !== LAST && this.own(n)) this.pack.push(n);
    return this.pack.length < 10 && n !== LAST ? [] : this.pack.splice(0).map((one) => this.text(one));
  }

  snapshotState(): void {
    this.#stored?.update(this.pack);
  }
}

/** The same with a union list: each subtask gets all packs that were not full, and keeps its own numbers. */
export class Shares extends Packs {
  protected override state(context: FunctionInitializationContext): ListState<number> {
    return context.getUnionListState(listState(Types.int, { name: "share" }));
  }

  protected override text(n: number): string {
    return `shared ${n}`;
  }

  override open(context: RuntimeContext): void {
    super.open(context);
    this.pack = this.pack.filter((n) => this.own(n));
  }
}
