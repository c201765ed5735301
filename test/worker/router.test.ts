import { beforeEach, describe, expect, it, vi } from "vitest";

import { Router } from "../../src/worker/router.ts";
import { problemOf } from "../../kit/edge/surfaces.ts";

function asked(method: string, path: string): Request {
  return new Request(`https://sluice.test${path}`, { method });
}

async function textOf(answer: Response | Promise<Response>): Promise<string> {
  return (await answer).text();
}

describe("Router", () => {
  let router: Router;
  beforeEach(() => {
    router = new Router();
    router.add("GET", "/things/{name}", () => new Response("got", { headers: { "X-A": "1" } }));
    router.add("PUT", "/things/{name}", async () => new Response("put"));
    router.allow("/things/{name}", ["GET", "HEAD", "PUT"]);
    router.add("GET", "/", () => new Response("top"));
  });

  it("answers by method and path, whatever the path's parameter and the query are", async () => {
    expect(await textOf(router.answer(asked("GET", "/things/a%2Fb?x=1")))).toBe("got");
    expect(await textOf(router.answer(asked("PUT", "/things/%zz")))).toBe("put");
    expect(await textOf(router.answer(asked("GET", "/")))).toBe("top");
  });

  it("answers HEAD like GET, without the body", async () => {
    const answer = await router.answer(asked("HEAD", "/things/a"));
    expect([answer.status, answer.headers.get("X-A")]).toEqual([200, "1"]);
    expect(await answer.text()).toBe("");
  });

  it("answers 405 for other methods, with those that the path has", async () => {
    for (const method of ["POST", "PATCH"]) {
      const answer = await router.answer(asked(method, "/things/a"));
      const { detail } = await problemOf(answer, 405, "method-not-allowed");
      expect(detail).toBe(`"${method}" is not one of GET, HEAD, PUT`);
      expect(answer.headers.get("Allow")).toBe("GET, HEAD, PUT");
    }
    // Answered here, although the router knows no such method.
    expect((await router.answer(asked("PURGE", "/things/a"))).status).toBe(405);
  });

  it.each(["/things", "/things/a/b", "//", "/things/"])("answers 404 for %s", async (path) => {
    const { detail } = await problemOf(router.answer(asked("GET", path)), 404, "not-found");
    expect(detail).toBe(
      `There is nothing at "${path}": GET /docs has all calls, GET /buckets lists the busy buckets`,
    );
  });

  it("answers 404 where a path lists no methods", async () => {
    const refusal = await router.answer(asked("POST", "/"));
    expect(refusal.headers.get("Vary")).toBe("Accept");
    await problemOf(refusal, 404, "not-found");
  });

  it("answers a page instead of 404, to whom there is one for, and never instead of 405", async () => {
    const withPages = new Router(({ method }, path) =>
      method === "POST" ? undefined : new Response(`page of ${path}`, { status: 404 }),
    );
    withPages.allow("/things/{name}", ["PUT"]);
    expect(await textOf(withPages.answer(asked("GET", "/a%2Fb/c?d")))).toBe("page of /a%2Fb/c");
    const head = await withPages.answer(asked("HEAD", "/a"));
    expect([head.status, await head.text()]).toEqual([404, ""]);
    await problemOf(withPages.answer(asked("POST", "/a")), 404, "not-found");
    await problemOf(withPages.answer(asked("GET", "/things/a")), 405, "method-not-allowed");
  });

  it("answers what a handler throws, at once or later", async () => {
    const logged = vi.spyOn(console, "error").mockReturnValue();
    router.add("POST", "/", () => {
      throw new Error("at once");
    });
    router.add("DELETE", "/", () => Promise.reject(new Error("later")));
    for (const method of ["POST", "DELETE"]) {
      await problemOf(router.answer(asked(method, "/")), 500, "internal-error");
    }
    expect(logged).toHaveBeenCalledTimes(2);
    logged.mockRestore();
  });
});
