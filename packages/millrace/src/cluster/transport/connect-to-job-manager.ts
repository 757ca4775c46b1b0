import type { IncomingMessage } from "node:http";
import type { ConnectionOptions } from "node:tls";
import { WebSocket } from "ws";
import type { Clock } from "../../common/clock/clock.ts";
import { MillraceError } from "../../common/errors/millrace-error.ts";
import { tlsFailure } from "../../common/errors/tls-failure.ts";
import type { JobManagerConnection } from "../../protocol/cluster/connection.ts";
import type { FromTaskManager, ToTaskManager } from "../../protocol/cluster/resource-messages.ts";
import type { Log } from "../logging/log.ts";
import { bearerHeader } from "./bearer-token.ts";
import { MAX_FRAME_BYTES } from "./connection-frames.ts";
import { endpoint } from "./endpoint.ts";
import { TASK_MANAGER_PATH } from "./serve-task-managers.ts";
import { WebSocketConnection } from "./web-socket-connection.ts";

/** Where the JobManager is, and how a process proves that it belongs to the cluster. */
export interface JobManagerAddress {
  readonly host: string;
  readonly port: number;
  readonly token: string | undefined;
  /** undefined: without TLS. */
  readonly tls: ConnectionOptions | undefined;
}

/** How a TaskManager connects. */
export interface ConnectOptions extends JobManagerAddress {
  readonly clock: Clock;
  readonly log: Log;
  /** ms. Default 10 s. */
  readonly timeout?: number;
}

/**
 * Opens a TaskManager's connection to the JobManager. Callbacks are to be set in the turn in which it resolves.
 *
 * @throws CLUSTER_UNREACHABLE when nobody or somebody else answers, NOT_AUTHORIZED where the token is refused
 */
export function connectToJobManager(options: ConnectOptions): Promise<JobManagerConnection> {
  const { host, port, token, tls, clock, log, timeout = 10_000 } = options;
  const peer = endpoint(host, port);
  const { promise, resolve, reject } = Promise.withResolvers<JobManagerConnection>();
  const socket = new WebSocket(`${tls === undefined ? "ws" : "wss"}://${peer}${TASK_MANAGER_PATH}`, {
    ...tls,
    headers: bearerHeader(token),
    handshakeTimeout: timeout,
    maxPayload: MAX_FRAME_BYTES,
    perMessageDeflate: false,
    followRedirects: false,
  });
  const failed = (error: Error): void => reject(unreachableJobManager(peer, error, tls !== undefined));
  socket.once("error", failed);
  socket.once("unexpected-response", (_, response: IncomingMessage) => {
    response.destroy();
    reject(refused(peer, response.statusCode ?? 0));
    socket.on("error", () => {});
    socket.terminate();
  });
  socket.once("open", () => {
    socket.off("error", failed);
    resolve(new WebSocketConnection<FromTaskManager, ToTaskManager>({ socket, peer, clock, log }));
  });
  return promise;
}

function unreachableJobManager(
  peer: string,
  cause: Error & { readonly code?: string },
  secure: boolean,
): MillraceError {
  const failure = tlsFailure(cause);
  const why =
    failure?.text ?? (hungUp(cause) ? "it has closed the connection without an answer" : cause.message);
  const who =
    failure === undefined ? `no JobManager answers at ${peer}` : `the JobManager at ${peer} can't be joined`;
  return new MillraceError("CLUSTER_UNREACHABLE", `${who}: ${why}`, {
    cause,
    // Certificates are replaced while processes go on.
    retryable: true,
    help: failure === undefined && !(secure && hungUp(cause)) ? ADDRESS : CERTIFICATES,
  });
}

/** Who does not take a certificate, or speaks TLS where it is spoken to plainly, says nothing. */
const hungUp = ({ code }: { readonly code?: string }): boolean => code === "ECONNRESET" || code === "EPIPE";

const ADDRESS =
  "See jobmanager.rpc.address and jobmanager.rpc.port, and whether both sides have security.ssl.internal.enabled.";
const CERTIFICATES =
  "All processes need security.ssl.internal.enabled, and a certificate in security.ssl.internal.keystore that the security.ssl.internal.truststore of all others vouches for. The JobManager's log tells whom it has refused, and why.";

const refused = (peer: string, status: number): MillraceError =>
  status === 401
    ? new MillraceError(
        "NOT_AUTHORIZED",
        `the JobManager at ${peer} has refused this process: its security.internal.token is missing or another one`,
        { help: "All processes of a cluster share one: see security.internal.token of the JobManager." },
      )
    : new MillraceError(
        "CLUSTER_UNREACHABLE",
        `expected a JobManager's control port at ${peer}, got somebody who answers with status ${status}`,
        { retryable: true, help: "jobmanager.rpc.port is not the port of the REST API." },
      );
