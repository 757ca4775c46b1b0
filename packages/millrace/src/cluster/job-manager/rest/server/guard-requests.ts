import type { FastifyReply, FastifyRequest } from "fastify";
import { knowsToken } from "../../../transport/bearer-token.ts";
import type { PeerLog } from "../../../logging/peer-log.ts";
import { isLoopback, peerOf } from "../../../transport/endpoint.ts";
import type { RestSettings } from "../rest-settings.ts";
import { Refusal } from "./error-answers.ts";
import type { RestApp } from "./rest-app.ts";
import { isStatic } from "./serve-static.ts";
import { ERROR_CODE_HEADER } from "../../../../protocol/rest/error-code-header.ts";

/**
 * Who may ask. Every request must know the token, where there is one. Beyond that, requests that a web page of somebody else makes in a
 * user's browser are refused: a page could otherwise upload and run a job on a JobManager that only the machine itself can reach.
 */
export function guardRequests(app: RestApp, settings: RestSettings, peers: PeerLog): void {
  const { token, allowOrigin } = settings;
  const hosts = hostsOf(settings);

  app.addHook("onRequest", async (request, reply) => {
    if (allowOrigin !== undefined) allow(request, reply, allowOrigin);
    if (hosts !== undefined && !hosts(hostName(request.headers.host))) {
      throw new Refusal(
        403,
        "NOT_AUTHORIZED",
        "this host name is not one that the JobManager is known by: add it to rest.allowed-hosts, or use localhost",
      );
    }
    if (isForeign(request, allowOrigin)) {
      throw new Refusal(
        403,
        "NOT_AUTHORIZED",
        "web pages of another origin may not call: web.access-control-allow-origin names the one that may",
      );
    }
    if (isPreflight(request) || (request.is404 && isStatic(request, settings.ui))) return;
    if (!knowsToken(request.headers, token)) {
      const given = request.headers.authorization !== undefined;
      const peer = peerOf(request.socket);
      peers.about(peer, "token")(
        "warn",
        `refused ${request.method} ${request.routeOptions.url ?? "?"} of ${peer}: ${given ? "its token is wrong" : "it sends no token"}`,
      );
      throw new Refusal(
        401,
        "NOT_AUTHORIZED",
        given
          ? "the token that was sent is not this JobManager's"
          : "this JobManager asks for a token: send Authorization: Bearer <security.rest.token>",
        {
          "www-authenticate": 'Bearer realm="millrace"',
        },
      );
    }
  });
}

const isPreflight = ({ method, headers }: FastifyRequest): boolean =>
  method === "OPTIONS" && headers["access-control-request-method"] !== undefined;

/** Lets browsers of the allowed origin see answers; refusals, too, so that they can be read. */
function allow(request: FastifyRequest, reply: FastifyReply, origin: string): void {
  void reply.headers({
    "access-control-allow-origin": origin,
    "access-control-expose-headers": ERROR_CODE_HEADER,
    vary: "origin",
  });
  if (!isPreflight(request)) return;
  void reply.headers({
    "access-control-allow-methods": "GET, HEAD, POST, PUT, PATCH, DELETE",
    "access-control-allow-headers": "authorization, content-type",
    "access-control-max-age": "600",
  });
}

/** Answers what browsers ask before they call. */
export function answerPreflight(
  request: FastifyRequest,
  reply: FastifyReply,
  settings: RestSettings,
): boolean {
  if (!isPreflight(request) || settings.allowOrigin === undefined) return false;
  void reply.code(204).send();
  return true;
}

/** A browser says where a page that asks comes from; other clients don't. */
function isForeign({ headers }: FastifyRequest, allowOrigin: string | undefined): boolean {
  const { origin } = headers;
  if (origin === undefined)
    return headers["sec-fetch-site"] === "cross-site" && headers["sec-fetch-mode"] !== "navigate";
  if (allowOrigin === "*" || origin === allowOrigin) return false;
  const own = `http://${headers.host ?? ""}`;
  return !URL.canParse(own) || !URL.canParse(origin) || new URL(origin).host !== new URL(own).host;
}

/** A name that leads to the machine itself may be anybody's: only those are served that nobody else can have. */
function hostsOf({
  host,
  token,
  allowedHosts,
}: RestSettings): ((name: string | undefined) => boolean) | undefined {
  if (!isLoopback(host) || token !== undefined) return undefined;
  return (name) =>
    name === undefined ||
    name === "localhost" ||
    name.endsWith(".localhost") ||
    /^[\d.]+$/u.test(name) ||
    name.startsWith("[") ||
    allowedHosts.includes(name);
}

function hostName(host: string | undefined): string | undefined {
  if (host === undefined) return undefined;
  return URL.canParse(`http://${host}`) ? new URL(`http://${host}`).hostname : host.toLowerCase();
}
