/**
 * Who may call what. Of a request without a token that is known, nothing but method, path and origin is
 * looked at before it is turned away. What its token is good for is asked once the bucket's name is
 * known, and before the policies are, so that nobody learns of buckets that are none of his business.
 */
import type { Context } from "hono";

import type { Right, Scope } from "./access-tokens.ts";
import type { Settings } from "../settings.ts";

import { opennessOf } from "./openness.ts";
import { problemResponse } from "../../answers/problem.ts";
import { showValue } from "../../core/policy.ts";

/** What the sender of a request may do, or the answer that turns it away. */
export type Gate = (request: Request) => Admission | Promise<Admission>;

type Admission = readonly Scope[] | Response;

/** What everybody may do where Sluice is public. */
const ASKING: readonly Scope[] = [{ rights: ["acquire", "read"], buckets: ["*"] }];
/** What a bound Worker may do: everything but admin calls. */
const BOUND: readonly Scope[] = [{ rights: ["acquire", "read", "pause"], buckets: ["*"] }];

/** Lets in who may acquire or read: holders of an `API_TOKEN`, or all where Sluice is public. */
export function apiGate(settings: Settings): Gate {
  const { apiTokens } = settings;
  if (apiTokens) return async (request) => admission(await apiTokens.scopesOf(request));
  const scopes = opennessOf(settings) === "everybody" ? ASKING : [];
  return () => admission(scopes);
}

/** Lets in all: for callers that have shown who they are by where they called. */
export function boundGate(): Gate {
  return () => BOUND;
}

/** Lets in holders of an `ADMIN_TOKEN`. */
export function adminGate({ adminTokens }: Pick<Settings, "adminTokens">): Gate {
  if (adminTokens) return async (request) => admission(await adminTokens.scopesOf(request));
  return () => problemResponse("admin-disabled", { detail: "No ADMIN_TOKEN is set" });
}

/** Lets in holders of an `API_TOKEN`, which may have the right to pause, or of an `ADMIN_TOKEN`. */
export function apiPauseGate({ apiTokens, adminTokens }: Settings): Gate {
  if (!apiTokens) return adminGate({ adminTokens });
  return async (request) => {
    const scopes = [await apiTokens.scopesOf(request), await adminTokens?.scopesOf(request)];
    return admission(scopes.flatMap((some) => some ?? []));
  };
}

/** Lets in all, and tells whether they hold an `ADMIN_TOKEN`, too. */
export function boundPauseGate({ adminTokens }: Settings): Gate {
  if (!adminTokens) return boundGate();
  return async (request) => [...BOUND, ...(await adminTokens.scopesOf(request))];
}

/** Answers a request that `gate` lets in; `answer` is told what its sender may do. */
export function admit(
  c: Context,
  gate: Gate,
  answer: (scopes: readonly Scope[]) => Response | Promise<Response>,
): Response | Promise<Response> {
  const enter = (admitted: Admission): Response | Promise<Response> => {
    return admitted instanceof Response ? admitted : answer(admitted);
  };
  const admitted = gate(c.req.raw);
  return admitted instanceof Promise ? admitted.then(enter) : enter(admitted);
}

/** The refusal of a caller that was let in and lacks `right` on this bucket, or on any. */
export function lacking(right: Right, bucket?: string): Response {
  const where = bucket === undefined ? "" : ` on ${showValue(bucket)}`;
  return unauthorized(`This token lacks the right "${right}"${where}`);
}

function admission(scopes: readonly Scope[]): Admission {
  if (scopes.length > 0) return scopes;
  return unauthorized("A valid token is required: Authorization: Bearer …");
}

function unauthorized(detail: string): Response {
  return problemResponse("unauthorized", {
    detail,
    headers: { "WWW-Authenticate": 'Bearer realm="sluice"' },
  });
}
