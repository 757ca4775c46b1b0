import { Agent as PlainAgent, request as plainRequest } from "node:http";
import type { ClientRequest, IncomingMessage, RequestOptions } from "node:http";
import { Agent as SecureAgent, request as secureRequest } from "node:https";
import { SystemClock } from "../../common/clock/system-clock.ts";
import type { Clock } from "../../common/clock/clock.ts";
import { MillraceError } from "../../common/errors/millrace-error.ts";
import { restUrl, type ClientTls, type ConnectOptions } from "../connect-options.ts";
import { pause } from "../pause.ts";
import { connectionFailed } from "./connection-errors.ts";
import { refusal, unreachable } from "./rest-errors.ts";
import type { RestAnswer, RestRequest } from "./rest-request.ts";

const DEFAULT_TIMEOUT = 60_000;
const DEFAULT_RETRIES = 3;
const DEFAULT_PATIENCE = 60_000;
const FIRST_PAUSE = 100;
const LONGEST_PAUSE = 1600;
/** The largest answer that is taken. */
const MAX_ANSWER = 256 * 1024 * 1024;

/**
 * Speaks with one REST API. Connections of requests that only ask are kept for the next ones; they keep no process alive. All methods throw
 * MillraceError: CLUSTER_UNREACHABLE where nobody answers or somebody else does, else the code that the cluster tells.
 */
export class RestConnection {
  readonly url: URL;
  readonly clock: Clock;
  readonly #token: string | undefined;
  readonly #timeout: number;
  readonly #retries: number;
  /** How long a cluster that has answered before is waited for, ms. */
  readonly patience: number;
  #answered = false;
  readonly #kept: PlainAgent;
  readonly #certificates: ClientTls | undefined;
  readonly #tls: RequestOptions;

  constructor(options: ConnectOptions) {
    const { address = "localhost:8081", token, tls, timeout, retries, clock = new SystemClock() } = options;
    this.patience = options.patience ?? DEFAULT_PATIENCE;
    this.url = restUrl(address, tls !== undefined);
    this.clock = clock;
    this.#token = token;
    this.#timeout = timeout ?? DEFAULT_TIMEOUT;
    this.#retries = retries ?? DEFAULT_RETRIES;
    this.#kept = this.#secure ? new SecureAgent({ keepAlive: true }) : new PlainAgent({ keepAlive: true });
    this.#certificates = tls;
    this.#tls = { ...tls, ...(this.#secure ? { minVersion: "TLSv1.2" } : {}) } as RequestOptions;
  }

  /** The answer's JSON. */
  async json<T>(request: RestRequest): Promise<T> {
    const { bytes, status } = await this.send(request);
    const text = Buffer.from(bytes).toString();
    try {
      return (text === "" ? {} : JSON.parse(text)) as T;
    } catch (cause) {
      throw unreachable(
        this.url,
        `its answer (${status}) to ${request.path} is no JSON: is it a JobManager?`,
        cause,
      );
    }
  }

  async send(request: RestRequest): Promise<RestAnswer> {
    const repeatable = request.repeatable ?? request.method === "GET";
    let silentSince: number | undefined;
    for (let attempt = 0; ; attempt++) {
      try {
        const answer = await this.#once(request);
        this.#answered = true;
        return answer;
      } catch (error) {
        const again = repeatable && MillraceError.is(error) && error.retryable;
        if (!again || request.signal?.aborted === true) throw error;
        const now = this.clock.monotonic();
        silentSince ??= now;
        const waits = request.patient === true && now - silentSince < this.patienceNow;
        if (attempt >= this.#retries && !waits) throw error;
        await pause(this.clock, Math.min(LONGEST_PAUSE, FIRST_PAUSE * 4 ** attempt), request.signal);
      }
    }
  }

  /** How long it is waited for from now on, ms: one that has never answered may not be there at all. */
  get patienceNow(): number {
    return this.#answered ? this.patience : 0;
  }

  /** Ends the connections that are kept. */
  close(): void {
    this.#kept.destroy();
  }

  get #secure(): boolean {
    return this.url.protocol === "https:";
  }

  async #once(request: RestRequest): Promise<RestAnswer> {
    const answer = await this.#exchange(request);
    if (answer.status >= 200 && answer.status < 300) return answer;
    throw refusal(this.url, request, answer);
  }

  #exchange(request: RestRequest): Promise<RestAnswer> {
    const { method, path, query = {}, json, body, signal } = request;
    const url = new URL(`${this.url.pathname.replace(/\/$/u, "")}${path}`, this.url);
    for (const [name, value] of Object.entries(query)) {
      if (value !== undefined) url.searchParams.set(name, String(value));
    }
    const bytes = body?.bytes ?? (json === undefined ? undefined : Buffer.from(JSON.stringify(json)));
    const headers: Record<string, string | number> = {
      accept: "application/json, */*",
      ...(bytes === undefined
        ? {}
        : { "content-type": body?.contentType ?? "application/json", "content-length": bytes.length }),
      ...(this.#token === undefined ? {} : { authorization: `Bearer ${this.#token}` }),
      ...request.headers,
    };
    const options: RequestOptions = {
      method,
      headers,
      ...this.#tls,
      // A kept connection may just have been closed by the other side: a change must not be lost in it.
      agent: method === "GET" ? this.#kept : false,
      ...(signal === undefined ? {} : { signal }),
    };
    return new Promise((resolve, reject) => {
      let answered = false;
      const fail = (error: Error): void =>
        reject(signal?.aborted === true ? abortReason(signal) : failed(error));
      const failed = (error: Error): MillraceError =>
        connectionFailed({
          url: this.url,
          error,
          tls: this.#certificates,
          fresh: !answered && !made.reusedSocket,
          now: this.clock.now(),
        });
      const made: ClientRequest = (this.#secure ? secureRequest : plainRequest)(url, options, (response) => {
        answered = true;
        read(response).then(resolve, fail);
      });
      const limit = request.timeout ?? this.#timeout;
      const timer = this.clock.schedule(limit, () =>
        made.destroy(new MillraceError("CLUSTER_UNREACHABLE", `no answer within ${limit} ms`)),
      );
      made.on("close", () => timer.cancel());
      made.on("error", fail);
      made.end(bytes);
    });
  }
}

async function read(response: IncomingMessage): Promise<RestAnswer> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response as AsyncIterable<Uint8Array>) {
    length += chunk.length;
    if (length > MAX_ANSWER) {
      throw new MillraceError("PROTOCOL_VIOLATION", `the answer is larger than ${MAX_ANSWER} bytes`);
    }
    chunks.push(chunk);
  }
  return { status: response.statusCode ?? 0, headers: response.headers, bytes: Buffer.concat(chunks) };
}

const abortReason = (signal: AbortSignal): Error =>
  signal.reason instanceof Error
    ? signal.reason
    : new MillraceError("TASK_CANCELED", "the request was aborted", { cause: signal.reason });
