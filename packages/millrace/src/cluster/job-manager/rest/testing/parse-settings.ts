import { CLUSTER_OPTIONS } from "../../../../common/config/cluster-options.ts";
import type { Config } from "../../../../common/config/configuration.ts";
import { REST_OPTIONS } from "../../../../common/config/rest-options.ts";

/** Settings of a process from texts. */
export const parseProcessSettings = (values: Readonly<Record<string, unknown>>): Config =>
  Object.fromEntries(
    [...CLUSTER_OPTIONS, ...REST_OPTIONS]
      .filter(({ key }) => Object.hasOwn(values, key))
      .map((option) => [option.key, option.parse(values[option.key])]),
  );
