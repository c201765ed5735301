/**
 * Who may call what. Without a known token, only method, path and origin of a request are looked at before it
 * is rejected. What a token is good for is checked once the bucket's name is known and before any policy is
 * looked up, so that a caller can't probe for buckets it has no right on.
 */
import type { AccessTokens, Bearer } from "./access-tokens.ts";
import type { Right, Scope } from "./scope.ts";

import { presentedKey } from "./access-tokens.ts";
import { opennessOf } from "./openness.ts";
import { problemResponse } from "../../answers/problem.ts";
import { showValue } from "../../core/values.ts";

/** The settings that decide who may call. */
export interface GuardSettings {
  readonly apiTokens: AccessTokens | undefined;
  readonly adminTokens: AccessTokens | undefined;
  readonly isPublic: boolean;
}

/** What the sender of a request may do, or the response that rejects it. */
export type Guard = (bearer: Bearer) => Authorization | Promise<Authorization>;

type Authorization = readonly Scope[] | Response;

/** The guard of each right: it admits callers that may have the right on some bucket. */
export type Guards = Readonly<Record<Right, Guard>>;

/** What everyone may do if Sluice is public. */
const PUBLIC_SCOPES: readonly Scope[] = [{ rights: ["acquire", "read"], buckets: ["*"] }];
/** What a bound Worker may do: everything but admin calls. */
const BINDING_SCOPES: readonly Scope[] = [{ rights: ["acquire", "read", "pause"], buckets: ["*"] }];

/** Why everyone is refused until the operator decides who may call. */
const CLOSED =
  'This deployment has no API_TOKEN, so only bound Workers may call it: set API_TOKEN, or PUBLIC to "true"';

/** Why a caller is refused for its key. Neither text says anything about the bucket. */
interface KeyTexts {
  readonly missing: string;
  readonly unknown: string;
}

const API_KEY: KeyTexts = {
  missing: "Missing API key: send Authorization: Bearer KEY",
  unknown: "Unknown API key",
};
const ADMIN_KEY: KeyTexts = {
  missing: "Missing admin key: send Authorization: Bearer KEY",
  unknown: "Unknown admin key",
};

/** Why a pause is refused if there is no API key, which could have the right: not for want of an admin key. */
const ONLY_ADMINS_PAUSE =
  'Only admin keys may pause, because no API_TOKEN is set: set one with a key that may "pause"';
const NOBODY_PAUSES =
  'Nobody may pause: set an API_TOKEN with a key that may "pause", or an ADMIN_TOKEN';

/** For callers from the Internet. */
export function publicGuards(settings: GuardSettings): Guards {
  const guard = apiGuard(settings);
  const admin = adminGuard(settings);
  return { acquire: guard, read: guard, pause: publicPauseGuard(settings), admin };
}

/** For callers that have proved who they are by which entrypoint they reached. */
export function boundGuards(settings: GuardSettings): Guards {
  const admin = adminGuard(settings);
  return { acquire: admitBound, read: admitBound, pause: boundPauseGuard(settings), admin };
}

function admitBound(): Authorization {
  return BINDING_SCOPES;
}

/** Admits holders of an `API_TOKEN`, or everyone if Sluice is public. */
function apiGuard(settings: GuardSettings): Guard {
  const { apiTokens } = settings;
  if (apiTokens) return keyGuard(API_KEY, apiTokens);
  return opennessOf(settings) === "everybody" ? () => PUBLIC_SCOPES : () => unauthorized(CLOSED);
}

/** Admits holders of an `ADMIN_TOKEN`. */
function adminGuard({ adminTokens }: GuardSettings): Guard {
  if (adminTokens) return keyGuard(ADMIN_KEY, adminTokens);
  return () =>
    problemResponse("admin-disabled", {
      detail: "No ADMIN_TOKEN is set: set it with wrangler secret put ADMIN_TOKEN, or in .dev.vars",
    });
}

/** Admits holders of an `API_TOKEN`, which may include the right to pause, or of an `ADMIN_TOKEN`. */
function publicPauseGuard(settings: GuardSettings): Guard {
  const { apiTokens, adminTokens } = settings;
  if (apiTokens) return keyGuard(API_KEY, apiTokens, adminTokens);
  if (!adminTokens) return () => problemResponse("admin-disabled", { detail: NOBODY_PAUSES });
  return keyGuard({ missing: ONLY_ADMINS_PAUSE, unknown: ONLY_ADMINS_PAUSE }, adminTokens);
}

/** Admits everyone, and adds the rights of an `ADMIN_TOKEN` if there is one. */
function boundPauseGuard({ adminTokens }: GuardSettings): Guard {
  if (!adminTokens) return admitBound;
  return async (bearer) => [...BINDING_SCOPES, ...(await adminTokens.scopesOf(bearer))];
}

/** Answers a request that `guard` admits; `answer` gets what its sender may do. */
export function authorize(
  bearer: Bearer,
  guard: Guard,
  answer: (scopes: readonly Scope[]) => Response | Promise<Response>,
): Response | Promise<Response> {
  const enter = (admitted: Authorization): Response | Promise<Response> => {
    return admitted instanceof Response ? admitted : answer(admitted);
  };
  const admitted = guard(bearer);
  return admitted instanceof Promise ? admitted.then(enter) : enter(admitted);
}

/** The refusal of a known caller that lacks `right` on this bucket, or on any bucket. */
export function forbidden(right: Right, bucket?: string): Response {
  const where = bucket === undefined ? "" : ` on ${showValue(bucket)}`;
  return unauthorized(`This API key lacks the right "${right}"${where}`);
}

/** Admits holders of a key of any of `variables`; `texts` refuse all others. */
function keyGuard(texts: KeyTexts, ...variables: readonly (AccessTokens | undefined)[]): Guard {
  return async (bearer) => {
    const scopes: Scope[] = [];
    for (const tokens of variables) if (tokens) scopes.push(...(await tokens.scopesOf(bearer)));
    if (scopes.length > 0) return scopes;
    return unauthorized(presentedKey(bearer) === undefined ? texts.missing : texts.unknown);
  };
}

function unauthorized(detail: string): Response {
  return problemResponse("unauthorized", {
    detail,
    headers: { "WWW-Authenticate": 'Bearer realm="sluice"' },
  });
}
