import type { IncomingMessage } from "node:http";

/** A request to a REST API. */
export interface RestRequest {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Its parts are encoded already: `/jobs/${id}`. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  /** Sent as JSON. */
  readonly json?: unknown;
  /** Sent as it is. */
  readonly body?: { readonly contentType: string; readonly bytes: Uint8Array };
  readonly headers?: Readonly<Record<string, string>>;
  /** Whether the same request again changes nothing more: then it is made again when nobody answered. Default: for GET. */
  readonly repeatable?: boolean;
  /**
   * Of a repeatable one: whether a cluster that has answered before is waited for when nobody answers, because another JobManager may take over.
   * Default: it is made again a few times.
   */
  readonly patient?: boolean;
  /** ms. Default: that of the connection. */
  readonly timeout?: number;
  readonly signal?: AbortSignal | undefined;
}

/** An answer that is none of the errors. */
export interface RestAnswer {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  readonly bytes: Uint8Array;
}
