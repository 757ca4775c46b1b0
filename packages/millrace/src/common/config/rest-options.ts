import {
  booleanOption,
  durationOption,
  integerOption,
  stringOption,
  type ConfigOption,
} from "./config-option.ts";

/*
 * Settings of the REST API alone, beside its addresses, tokens and TLS in `cluster-options.ts`.
 */

/** Whether jobs may be ended. */
export const WEB_CANCEL = booleanOption("web.cancel.enable", {
  defaultValue: true,
  description:
    "Whether the REST API cancels and stops jobs, removes savepoints and ends the cluster. Off, with web.submit.enable and web.rescale.enable off, too, it only shows.",
});

/** Whether jobs may be rescaled. */
export const WEB_RESCALE = booleanOption("web.rescale.enable", {
  defaultValue: true,
  description: "Whether the REST API changes the parallelism of running jobs.",
});

/** Which other web pages may call. */
export const WEB_ALLOW_ORIGIN = stringOption("web.access-control-allow-origin", {
  description:
    "Origin of web pages that may call the REST API beside its own dashboard, such as https://tools.example.com; * for all. Default: none may.",
});

/** By which names the API is reached. */
export const REST_ALLOWED_HOSTS = stringOption("rest.allowed-hosts", {
  description:
    "Host names, divided by commas, by which the REST API may be reached beside localhost and addresses, where it listens on the machine itself alone and asks for no token: for a proxy that passes its own name on. Others are refused, because web pages could pretend them.",
});

/** How often the dashboard asks. */
export const WEB_REFRESH_INTERVAL = durationOption("web.refresh-interval", {
  defaultValue: 3000,
  description: "How often the dashboard asks for what is new.",
  min: 100,
});

/** Where the token stands. */
export const REST_TOKEN_FILE = stringOption("security.rest.token-file", {
  description: "A file that holds security.rest.token, and nothing else.",
});

/** Whether flame graphs may be taken. */
export const REST_FLAME_GRAPH = booleanOption("rest.flamegraph.enabled", {
  defaultValue: true,
  description:
    "Whether the REST API takes flame graphs. Taking one slows the tasks down a little while it lasts.",
});

/** How long a flame graph is taken. */
export const REST_FLAME_GRAPH_DURATION = durationOption("rest.flamegraph.duration", {
  defaultValue: 2000,
  description: "How long tasks are watched for a flame graph.",
  min: 50,
  max: 60_000,
});

/** How long an upload may take. */
export const REST_UPLOAD_TIMEOUT = durationOption("rest.upload.timeout", {
  defaultValue: 300_000,
  description: "How long the upload of an artifact may take.",
  min: 100,
});

/** How long other requests may take to arrive. */
export const REST_REQUEST_TIMEOUT = durationOption("rest.request.timeout", {
  defaultValue: 15_000,
  description: "How long a request that is no upload may take until it has arrived as a whole.",
  min: 100,
});

/** How many clients there may be. */
export const REST_MAX_CONNECTIONS = integerOption("rest.server.max-connections", {
  defaultValue: 1024,
  description: "Connections that the REST API holds at a time; further ones are closed.",
  min: 1,
});

/** How long commands wait for another JobManager. */
export const CLIENT_TIMEOUT = durationOption("client.timeout", {
  defaultValue: 60_000,
  description:
    "How long commands wait for a JobManager that has answered them and does not any more, because it is started again, or another takes over. Read by the command line.",
});

/** All of them, in the order of the documentation. */
export const REST_OPTIONS: readonly ConfigOption[] = Object.freeze([
  WEB_CANCEL,
  WEB_RESCALE,
  WEB_ALLOW_ORIGIN,
  WEB_REFRESH_INTERVAL,
  REST_ALLOWED_HOSTS,
  REST_TOKEN_FILE,
  REST_FLAME_GRAPH,
  REST_FLAME_GRAPH_DURATION,
  REST_UPLOAD_TIMEOUT,
  REST_REQUEST_TIMEOUT,
  REST_MAX_CONNECTIONS,
  CLIENT_TIMEOUT,
] as readonly unknown[] as readonly ConfigOption[]);
