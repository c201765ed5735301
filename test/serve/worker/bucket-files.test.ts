/** The Worker's questions about the buckets' files, answered by fakes of the directory and the launcher. */
import { describe, expect, it, vi } from "vitest";

import { ServedBucketFiles } from "../../../serve/worker/bucket-files.ts";

type Answer = () => Response;

/** The files of a bucket `x`, whose object has the ID `id-of-x`, and what was asked. */
function filesWith({ folder, launcher }: { folder?: Answer; launcher?: Answer }) {
  const asked: string[] = [];
  const fetcher = (answer: Answer = () => new Response(null, { status: 404 })) => ({
    fetch: async (url: string, { method }: { method: string }) => {
      asked.push(`${method} ${new URL(url).pathname}`);
      return answer();
    },
  });
  const objects = { idFromName: (name: string) => ({ toString: () => `id-of-${name}` }) };
  const files = new ServedBucketFiles(objects, fetcher(folder), fetcher(launcher));
  return { files, asked };
}

const fail: Answer = () => {
  throw new Error("No file can be opened");
};

describe("ServedBucketFiles", () => {
  it.each<[string, Answer, boolean]>([
    ["is there", () => new Response(), false],
    ["is not there", () => new Response(null, { status: 404 }), true],
    ["cannot be looked up", fail, false],
  ])("isUnused if the file %s", async (_, folder, isUnused) => {
    const { files, asked } = filesWith({ folder });
    expect(await files.isUnused("x")).toBe(isUnused);
    expect(asked).toEqual(["HEAD /id-of-x.sqlite"]);
  });

  it("asks the launcher for everything else", async () => {
    const state = { path: "/p", fault: "torn" };
    const { files, asked } = filesWith({ launcher: () => Response.json(state) });
    expect(await files.stateOf("x")).toEqual(state);
    expect(await files.setAside("x")).toBe(false);
    expect(asked).toEqual(["GET /id-of-x", "DELETE /id-of-x"]);
    const gone = filesWith({ launcher: () => new Response(null, { status: 204 }) });
    expect(await gone.files.setAside("x")).toBe(true);
  });

  it("goes on without a launcher that does not answer", async () => {
    const log = vi.spyOn(console, "error").mockImplementation(() => undefined);
    const { files } = filesWith({ launcher: fail });
    expect(await files.stateOf("x")).toBeUndefined();
    expect(await files.setAside("x")).toBe(false);
    expect(log).toHaveBeenCalledTimes(2);
    log.mockRestore();
  });
});
