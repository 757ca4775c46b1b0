import type { ElementMap } from "../cache/element-map.ts";
import type { RowSetMap } from "../cache/row-set-map.ts";
import type { CollectionRows } from "../rows/collection-rows.ts";
import type { TimerDomain } from "../timers/timer-domain.ts";
import type { ElementPlace } from "./element-place.ts";
import type { RocksTables } from "./rocks-tables.ts";
import type { RowSetPlace } from "./row-set-place.ts";

/** What holds a state, by its kind. */
export type StateBody =
  /** Value, reducing and aggregating state. */
  | { readonly kind: "elements"; readonly map: ElementMap; readonly place: ElementPlace }
  /** List and map state. */
  | {
      readonly kind: "collections";
      readonly map: RowSetMap;
      readonly rows: CollectionRows;
      readonly place: RowSetPlace;
    }
  | { readonly kind: "tables"; readonly tables: RocksTables<unknown> }
  | { readonly kind: "timers"; readonly domain: TimerDomain };
