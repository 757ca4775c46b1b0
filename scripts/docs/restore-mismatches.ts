import type { MismatchKind } from "../../packages/millrace/src/cluster/job-manager/restore/restore-mismatch.ts";
import { markdownTable } from "./markdown-table.ts";

/** What the documentation says of a reason for which a restore is refused. */
interface MismatchNote {
  readonly means: string;
  readonly remedy: string;
}

/** Every reason, in the order of the documentation. One that is missing here does not compile. */
const MISMATCHES: Readonly<Record<MismatchKind, MismatchNote>> = {
  "operator-missing": {
    means:
      "The savepoint has state of an operator that the job doesn't have: it was removed, or its uid is another. Generated uids change when an operator before it is added, removed or renamed.",
    remedy:
      "Give the operator the uid that the message names, by `.uid(...)`. If it is gone on purpose, leave its state behind: `-n`, `--allow-non-restored-state`, or `execution.state-recovery.ignore-unclaimed-state`.",
  },
  "operator-kind": {
    means: "The uid now belongs to another kind of operator: a window where there was a process function.",
    remedy: "Give the new operator another uid, and leave the old state behind (`-n`).",
  },
  "operator-settings": {
    means:
      "A setting that gives the state its meaning has changed: another source or sink, the size of aligned windows, the bounds of an interval join.",
    remedy:
      "Take back the change. Otherwise: another uid, and the old state left behind (`-n`). For windows and joins that loses what is open at the time.",
  },
  "max-parallelism": {
    means:
      "The job asks for another number of key groups than the state has, or for a parallelism above it. The number is fixed when state is first written.",
    remedy: "Ask for the number that the message names, or for none: then it is taken over.",
  },
  "key-hash": {
    means: "The savepoint was written by a version that maps keys to key groups in another way.",
    remedy: "Start the job with the version that wrote it.",
  },
  "state-backend": {
    means:
      "A checkpoint holds keyed state in files of the state backend that took it, RocksDB, and the job runs with the other one.",
    remedy:
      "Start the job with the backend that the message names, by `state.backend.type`. To change over, take a savepoint with it, and start from that.",
  },
  "state-layout": {
    means:
      "The state is laid out in another way: a trigger or an evictor was added to windows, or taken from them; an aggregate lost its `merge`.",
    remedy: "As for settings: take back the change, or another uid.",
  },
  "state-kind": {
    means: "A state of this name is of another kind now: a list where there was a value.",
    remedy: "Give the new state another name; the old one is carried along, unused.",
  },
  "state-type": {
    means:
      "The declared type of keys or values has changed beyond what can be read by rule. The path names the field.",
    remedy:
      "Optional fields may be added, fields made optional, `int` become `double`, `null` and members of unions be added. For anything else give the new state another name, and fill it from the old one as keys come by.",
  },
  "in-flight-records": {
    means:
      "The checkpoint is an unaligned one: it holds records that were on their way between two operators, and the job has no such way.",
    remedy: "Start the unchanged job from it, take a savepoint, and start the changed job from that.",
  },
  "finished-operator": {
    means: "An operator had ended with all its input, and what feeds it in the job has not ended.",
    remedy: "Give it another uid, so that it starts anew, or take back the change of its input.",
  },
  drained: {
    means:
      "The savepoint was taken with `--drain`: the input was declared to be over, and all windows and timers have fired.",
    remedy: "Start without it, or from a savepoint that was taken without drain.",
  },
};

/** Why a restore may be refused, and what to do. */
export const mismatchTable = (): string =>
  markdownTable(
    ["reason", "means", "what to do"],
    Object.entries(MISMATCHES).map(([kind, { means, remedy }]) => [`\`${kind}\``, means, remedy]),
  );
