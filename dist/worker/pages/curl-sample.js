import { SESSION_SUBPROTOCOL } from "../../protocol/session-messages.js";
import { SUBPROTOCOL } from "../../protocol/watch-feed.js";
/** What samples put in place of parameters, by name. */
const SAMPLES = {
    name: "api",
    bucket: "api",
    id: "ID",
    "Idempotency-Key": "order-17",
};
/** Bodies that hold an instant: the shell works it out, in the next minute. */
const timedBodies = {
    pause: '"{\\"untilMs\\":$(($(date +%s) + 60))000}"',
};
/** The subprotocols of calls that open a WebSocket. */
const subprotocols = {
    watch: SUBPROTOCOL,
    session: SESSION_SUBPROTOCOL,
};
/** A key as a handshake needs one; servers only hash it. */
const SOCKET_KEY = "c2x1aWNlIHNsdWljZSBzbA==";
/** Where samples expect the address of Sluice. */
export const ADDRESS_VARIABLE = "SLUICE";
/** The command. It reads the address and the API key from variables. */
export function curlSample({ method, path, operation }) {
    const { parameters = [], requestBody, security, responses } = operation;
    const required = parameters.filter((parameter) => parameter.required === true);
    const query = required
        .filter((parameter) => parameter.in === "query")
        .map(({ name }) => `${name}=${SAMPLES[name] ?? "…"}`);
    const route = path.replaceAll(/\{(\w+)\}/g, (_, name) => SAMPLES[name] ?? "…");
    const address = `$${ADDRESS_VARIABLE}${route}${query.length > 0 ? `?${query.join("&")}` : ""}`;
    const fields = required
        .filter((parameter) => parameter.in === "header")
        .map(({ name }) => `${name}: ${SAMPLES[name] ?? "…"}`);
    const isSocket = responses["101"] !== undefined;
    const words = [
        "curl",
        ...(method === "get" || isSocket ? [] : [`-X ${method.toUpperCase()}`]),
        ...(isSocket ? ["-N --http1.1"] : []),
        `"${address}"`,
    ];
    const options = [
        ...keyField(security),
        ...(isSocket ? socketFields(operation.operationId) : []),
        ...fields.map((field) => `-H "${field}"`),
        ...Object.values(requestBody?.content ?? {}).map(({ example }) => {
            return `--json ${timedBodies[operation.operationId] ?? `'${JSON.stringify(example ?? {})}'`}`;
        }),
    ];
    return [words.join(" "), ...options].join(" \\\n  ");
}
/** The header field with the API key, unless everyone may call. */
function keyField(security) {
    const rights = security.flatMap(({ token = [] }) => token);
    if (rights.length === 0)
        return [];
    const variable = rights.includes("admin") ? "ADMIN_TOKEN" : "API_TOKEN";
    return [`-H "Authorization: Bearer $${variable}"`];
}
function socketFields(operationId) {
    const fields = {
        Connection: "Upgrade",
        Upgrade: "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": SOCKET_KEY,
        "Sec-WebSocket-Protocol": subprotocols[operationId] ?? SUBPROTOCOL,
    };
    return Object.entries(fields).map(([name, value]) => `-H "${name}: ${value}"`);
}
