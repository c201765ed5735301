import { presentedKey } from "./access-tokens.js";
import { opennessOf } from "./openness.js";
import { problemResponse } from "../../answers/problem.js";
import { showValue } from "../../core/values.js";
/** What everyone may do if Sluice is public. */
const PUBLIC_SCOPES = [{ rights: ["acquire", "read"], buckets: ["*"] }];
/** What a bound Worker may do: everything but admin calls. */
const BINDING_SCOPES = [{ rights: ["acquire", "read", "pause"], buckets: ["*"] }];
/** Why everyone is refused until the operator decides who may call. */
const CLOSED = 'This deployment has no API_TOKEN, so only bound Workers may call it: set API_TOKEN, or PUBLIC to "true"';
const API_KEY = {
    missing: "Missing API key: send Authorization: Bearer KEY",
    unknown: "Unknown API key",
};
const ADMIN_KEY = {
    missing: "Missing admin key: send Authorization: Bearer KEY",
    unknown: "Unknown admin key",
};
/** For callers from the Internet. */
export function publicGuards(settings) {
    const guard = apiGuard(settings);
    const admin = adminGuard(settings);
    return { acquire: guard, read: guard, pause: publicPauseGuard(settings), admin };
}
/** For callers that have proved who they are by which entrypoint they reached. */
export function boundGuards(settings) {
    const admin = adminGuard(settings);
    return { acquire: admitBound, read: admitBound, pause: boundPauseGuard(settings), admin };
}
function admitBound() {
    return BINDING_SCOPES;
}
/** Admits holders of an `API_TOKEN`, or everyone if Sluice is public. */
function apiGuard(settings) {
    const { apiTokens } = settings;
    if (apiTokens)
        return keyGuard(API_KEY, apiTokens);
    return opennessOf(settings) === "everybody" ? () => PUBLIC_SCOPES : () => unauthorized(CLOSED);
}
/** Admits holders of an `ADMIN_TOKEN`. */
function adminGuard({ adminTokens }) {
    if (adminTokens)
        return keyGuard(ADMIN_KEY, adminTokens);
    return () => problemResponse("admin-disabled", {
        detail: "No ADMIN_TOKEN is set: set one, such as with npm start -- --var ADMIN_TOKEN:x",
    });
}
/** Admits holders of an `API_TOKEN`, which may include the right to pause, or of an `ADMIN_TOKEN`. */
function publicPauseGuard(settings) {
    const { apiTokens, adminTokens } = settings;
    if (!apiTokens)
        return adminGuard(settings);
    return keyGuard(API_KEY, apiTokens, adminTokens);
}
/** Admits everyone, and adds the rights of an `ADMIN_TOKEN` if there is one. */
function boundPauseGuard({ adminTokens }) {
    if (!adminTokens)
        return admitBound;
    return async (bearer) => [...BINDING_SCOPES, ...(await adminTokens.scopesOf(bearer))];
}
/** Answers a request that `guard` admits; `answer` gets what its sender may do. */
export function authorize(bearer, guard, answer) {
    const enter = (admitted) => {
        return admitted instanceof Response ? admitted : answer(admitted);
    };
    const admitted = guard(bearer);
    return admitted instanceof Promise ? admitted.then(enter) : enter(admitted);
}
/** The refusal of a known caller that lacks `right` on this bucket, or on any bucket. */
export function forbidden(right, bucket) {
    const where = bucket === undefined ? "" : ` on ${showValue(bucket)}`;
    return unauthorized(`This token lacks the right "${right}"${where}`);
}
/** Admits holders of a key of any of `variables`; `texts` refuse all others. */
function keyGuard(texts, ...variables) {
    return async (bearer) => {
        const scopes = [];
        for (const tokens of variables)
            if (tokens)
                scopes.push(...(await tokens.scopesOf(bearer)));
        if (scopes.length > 0)
            return scopes;
        return unauthorized(presentedKey(bearer) === undefined ? texts.missing : texts.unknown);
    };
}
function unauthorized(detail) {
    return problemResponse("unauthorized", {
        detail,
        headers: { "WWW-Authenticate": 'Bearer realm="sluice"' },
    });
}
