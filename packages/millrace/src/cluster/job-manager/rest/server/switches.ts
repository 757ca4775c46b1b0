import type { ConfigOption } from "../../../../common/config/config-option.ts";
import { WEB_SUBMIT } from "../../../../common/config/cluster-options.ts";
import { REST_FLAME_GRAPH, WEB_CANCEL, WEB_RESCALE } from "../../../../common/config/rest-options.ts";
import { MillraceError } from "../../../../common/errors/millrace-error.ts";
import type { RestSettings } from "../rest-settings.ts";

const OPTION = {
  submit: WEB_SUBMIT,
  cancel: WEB_CANCEL,
  rescale: WEB_RESCALE,
  flameGraphs: REST_FLAME_GRAPH,
} as const satisfies Readonly<Record<string, ConfigOption<string, boolean>>>;

/** @throws NOT_AUTHORIZED where the settings turn this off */
export function requireEnabled(settings: RestSettings, what: keyof typeof OPTION): void {
  if (settings[what]) return;
  throw new MillraceError(
    "NOT_AUTHORIZED",
    `this JobManager does not allow that: ${OPTION[what].key} is false`,
  );
}
