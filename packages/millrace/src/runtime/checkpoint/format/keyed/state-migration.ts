import { describeType } from "../../../../common/types/describe-type.ts";
import { migrationRule } from "../../../../common/types/migration-rule.ts";
import type { TypeDescription } from "../../../../common/types/type-description.ts";
import type { StateMeta } from "../../../state/captured-state.ts";
import type { StateHeader } from "../keyed-part.ts";

/** What reading a state as its program declares it today takes. */
export type StateMigration =
  | { readonly kind: "same" }
  /** Possible. `checked`: it was not declared before, so each value is looked at when it is read. */
  | { readonly kind: "compatible"; readonly changes: readonly string[]; readonly checked: boolean }
  /** Not possible: `path` names the field ("" for the state itself), `reason` says why, `from` and `to` are both sides as text. */
  | {
      readonly kind: "incompatible";
      readonly path: string;
      readonly reason: string;
      readonly from: string;
      readonly to: string;
    };

/** How a type that is not declared is written. */
const UNDECLARED = "undeclared data";

/**
 * Whether state that was stored can be read as the program declares it today: the same layout and kind, types that migrate by
 * `migrationRule`. A time to live may come or go. A type that was not declared may be declared now: then every value has to fit.
 *
 * @example `stateMigration(header, meta).kind === "incompatible"`
 */
export function stateMigration(stored: StateHeader, now: StateMeta): StateMigration {
  const before = { form: formOf(stored), keyType: stored.keyType, type: stored.type };
  const after = { form: formOf(now), keyType: now.keyType?.description, type: now.type?.description };
  if (before.form !== after.form) {
    const reason = `it was ${before.form} state and is ${after.form} state now`;
    return {
      kind: "incompatible",
      path: "",
      reason,
      from: `${before.form} state`,
      to: `${after.form} state`,
    };
  }
  const changes: string[] = [];
  let checked = false;
  for (const [what, from, to] of [
    ["the map's key", before.keyType, after.keyType],
    ["", before.type, after.type],
  ] as const) {
    const migration = typeMigration(from, to);
    if (migration.kind === "incompatible") {
      const path =
        what === "" || migration.path === "" ? what + migration.path : `${what}: ${migration.path}`;
      return { ...migration, path };
    }
    if (migration.kind === "compatible") {
      changes.push(...migration.changes);
      checked ||= migration.checked;
    }
  }
  return changes.length === 0 ? { kind: "same" } : { kind: "compatible", changes, checked };
}

/** A declared type as text. */
export function declaredType(type: TypeDescription | undefined): string {
  return type === undefined ? UNDECLARED : describeType(type);
}

/** Whether every value has to be looked at, because before nothing was said of them. */
export function needsCheck(from: TypeDescription | undefined, to: TypeDescription | undefined): boolean {
  return isAny(from) && !isAny(to);
}

function typeMigration(from: TypeDescription | undefined, to: TypeDescription | undefined): StateMigration {
  if (isAny(from) && isAny(to)) return { kind: "same" };
  if (needsCheck(from, to))
    return { kind: "compatible", changes: [`${declaredType(to)} was declared`], checked: true };
  // Both are declared, or there was a type and none is left.
  const migration = migrationRule(from!, to ?? { kind: "any" });
  if (migration.kind === "compatible") return { ...migration, checked: false };
  if (migration.kind === "same") return migration;
  return { ...migration, from: declaredType(from), to: declaredType(to) };
}

function isAny(type: TypeDescription | undefined): boolean {
  return type === undefined || type.kind === "any";
}

function formOf({ layout, kind }: Pick<StateHeader, "layout" | "kind">): string {
  const words = [
    layout === "keyed" || layout === "tables" ? "" : layout,
    kind ?? (layout === "tables" ? layout : ""),
  ];
  return words.filter((word) => word !== "").join(" ");
}
