/** What a TaskManager has to give. Counted down while slots are placed. */
export interface SlotOffer {
  readonly taskManagerId: string;
  free: number;
  /** All its slots, those of other jobs among them. */
  readonly total: number;
}

/** How slots are placed: on as few TaskManagers as possible, where records need not cross the network, or on all of them. */
export type PlacementMode = "packed" | "spread";

/**
 * Chooses a TaskManager for each slot. A slot that had one before gets it again where it is still there: its state may be on that machine.
 *
 * @param former the TaskManager of each slot when it ran last
 * @param offers in a steady order; `free` is counted down
 * @returns the offer of each slot; undefined where there are too few, and then nothing is counted down
 */
export function placeSlots(
  former: readonly (string | undefined)[],
  offers: readonly SlotOffer[],
  mode: PlacementMode,
): readonly SlotOffer[] | undefined {
  if (offers.reduce((free, offer) => free + offer.free, 0) < former.length) return undefined;
  const placed = former.map((id) => {
    const offer = id === undefined ? undefined : offers.find((each) => each.taskManagerId === id);
    return offer !== undefined && offer.free > 0 ? taken(offer) : undefined;
  });
  const used = new Set(placed);
  let remaining = placed.filter((offer) => offer === undefined).length;
  return placed.map((offer) => {
    if (offer !== undefined) return offer;
    const open = offers.filter(({ free }) => free > 0);
    const chosen = mode === "spread" ? leastUsed(open) : tightest(open, remaining, used);
    remaining--;
    used.add(chosen);
    return taken(chosen);
  });
}

function taken(offer: SlotOffer): SlotOffer {
  offer.free--;
  return offer;
}

const best = (offers: readonly SlotOffer[], badness: (offer: SlotOffer) => number): SlotOffer =>
  offers.reduce((first, other) => (badness(other) < badness(first) ? other : first));

const leastUsed = (open: readonly SlotOffer[]): SlotOffer =>
  best(open, ({ free, total }) => (total - free) / total - free / 1e6);

/** The one with the least room that takes all the rest; where there is none, the one with the most. One that is used already is filled first. */
function tightest(
  open: readonly SlotOffer[],
  remaining: number,
  used: ReadonlySet<SlotOffer | undefined>,
): SlotOffer {
  const begun = open.filter((offer) => used.has(offer));
  const among = begun.length > 0 ? begun : open;
  const roomy = among.filter(({ free }) => free >= remaining);
  return roomy.length > 0 ? best(roomy, ({ free }) => free) : best(among, ({ free }) => -free);
}
