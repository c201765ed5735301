import { describe, expect, it } from "vitest";

import { openApiDocument } from "../../../src/worker/pages/openapi.ts";
import { request } from "../../../kit/edge/surfaces.ts";

describe("/docs", () => {
  it("says which token each call needs", async () => {
    const html = await (await request("/docs")).text();
    const needs = (id: string): string | undefined =>
      new RegExp(`<h3 id="${id}">.*?<p>(?:Needs|Open) ([^:.]*)`, "s").exec(html)?.[1];
    const holding = (right: string): string =>
      `an <code>API_TOKEN</code> with the right <code>${right}</code>`;
    expect(needs("health")).toBe("to everyone");
    expect(needs("acquire")).toBe(`${holding("acquire")}, unless the deployment is public`);
    expect(needs("inspect")).toBe(`${holding("read")}, unless the deployment is public`);
    expect(needs("pause")).toBe(`${holding("pause")} or an <code>ADMIN_TOKEN</code>`);
    expect(needs("reset")).toBe("an <code>ADMIN_TOKEN</code>");
  });

  it("lists every call, reason and body, and runs no script", async () => {
    const response = await request("/docs");
    const html = await response.text();
    expect(response.headers.get("Content-Type")).toBe("text/html; charset=utf-8");
    expect(response.headers.get("Content-Security-Policy")).not.toContain("unsafe");
    expect(html).not.toContain("<script");
    for (const methods of Object.values(openApiDocument.paths)) {
      for (const { operationId } of Object.values(methods))
        expect(html).toContain(`id="${operationId}"`);
    }
    for (const reason of ["timeout", "queue-full", "unauthorized"]) expect(html).toContain(reason);
  });

  it("leads from each link within the page to a place that is there", async () => {
    const html = await (await request("/docs")).text();
    const targets = [...html.matchAll(/href="#([^"]+)"/g)].map(([, id]) => id);
    expect(targets.length).toBeGreaterThan(5);
    for (const id of targets) expect(html).toContain(`id="${String(id)}"`);
  });

  it("shows parameters and members whose names vary, and limits by a link", async () => {
    const html = await (await request("/docs")).text();
    const named = "<code>^tokens\\.[a-z][a-z0-9_-]{0,31}$</code>";
    const rowsOf = (id: string): string =>
      new RegExp(`<h3 id="${id}">.*?</section>`, "s").exec(html)?.[0] ?? "";
    expect(rowsOf("acquire")).toContain(`<td>${named}</td><td>query</td><td>integer from 0</td>`);
    expect(rowsOf("acquireByPost")).toContain(`<td>${named}</td><td>integer from 0</td>`);
    expect(rowsOf("acquireByPost")).toContain("&quot;tokens.tpm&quot;: 1200");
    const limits = "<td><code>limits</code></td><td>object of <code>^[a-z][a-z0-9_-]{0,31}$</code>";
    expect(rowsOf("s-snapshot")).toContain(
      `${limits} <a href="#s-limitsnapshot">LimitSnapshot</a>`,
    );
    expect(rowsOf("s-policychange")).toContain(
      `${limits} (<a href="#s-limitchange">LimitChange</a> or null) or null</td>`,
    );
    expect(rowsOf("s-limit")).toContain("<td><code>every</code></td>");
  });

  it("leads to every call at its side, shows how to make it, and leads back", async () => {
    const html = await (await request("/docs")).text();
    const nav = /<nav .*?<\/nav>/s.exec(html)?.[0] ?? "";
    expect(nav).toContain('<a href="./">← Busy buckets</a>');
    for (const methods of Object.values(openApiDocument.paths)) {
      for (const { operationId } of Object.values(methods)) {
        expect(nav).toContain(`href="#${operationId}"`);
        const section = new RegExp(`<h3 id="${operationId}">.*?</section>`, "s").exec(html)?.[0];
        expect(section).toContain("<code>curl ");
      }
    }
  });
});
