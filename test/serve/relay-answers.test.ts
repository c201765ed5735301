/** The relay's own responses; front-relay.test.ts compares them with the Worker's. */
import { expect, it } from "vitest";

import { lateRequestAnswer, unavailableAnswer } from "../../serve/relay-answers.ts";

function parse(answer: Buffer): { status: string; fields: Map<string, string>; body: string } {
  const [head = "", body = ""] = answer.toString().split("\r\n\r\n");
  const [status = "", ...lines] = head.split("\r\n");
  const fields = new Map(lines.map((line) => line.split(": ") as [string, string]));
  expect(fields.get("Content-Length")).toBe(String(Buffer.byteLength(body)));
  expect(fields.get("Connection")).toBe("close");
  return { status, fields, body };
}

it("unavailableAnswer is a problem document that says when to retry", () => {
  const { status, fields, body } = parse(unavailableAnswer("Voll: “zu”"));
  expect(status).toBe("HTTP/1.1 503 Service Unavailable");
  expect(fields.get("Content-Type")).toBe("application/problem+json");
  expect(fields.get("Retry-After")).toBe("1");
  expect(JSON.parse(body)).toMatchObject({
    status: 503,
    reason: "unavailable",
    detail: "Voll: “zu”",
    retryAfterMs: 1_000,
  });
});

it("lateRequestAnswer is plain text", () => {
  const { status, fields, body } = parse(lateRequestAnswer("The head is late"));
  expect(status).toBe("HTTP/1.1 408 Request Timeout");
  expect(fields.get("Content-Type")).toBe("text/plain;charset=UTF-8");
  expect(fields.has("Retry-After")).toBe(false);
  expect(body).toBe("The head is late\n");
});
