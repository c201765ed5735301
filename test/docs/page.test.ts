import { expect, it } from "vitest";

import { readBlocks } from "./page.ts";

it("readBlocks knows where a block stands, its language, its mark and its heading", () => {
  const page =
    "# One\n\n<!-- sample: not run: nobody has an account -->\n\n```sh\na\nb\n```\n## Two\n  ~~~\n  c\n  ~~~\n";
  expect(readBlocks(page, "p.md")).toEqual([
    {
      place: "p.md:5",
      language: "sh",
      text: "a\nb\n",
      mark: { kind: "not-run", reason: "nobody has an account" },
      section: 1,
      heading: "One",
    },
    {
      place: "p.md:10",
      language: "",
      text: "c\n",
      mark: { kind: "none" },
      section: 2,
      heading: "Two",
    },
  ]);
});

it("readBlocks takes no reason that is none, and no mark that it does not know", () => {
  for (const mark of ["not run: no", "not run", "skip"]) {
    const [block] = readBlocks(`<!-- sample: ${mark} -->\n\`\`\`sh\n\`\`\`\n`, "p.md");
    expect(block?.mark).toEqual({ kind: "unknown", text: mark });
  }
});

it.each([
  ["```sh\na\n", "p.md:1: a block that does not end"],
  ["<!-- sample: serves -->\ntext\n", "p.md:2: the mark above has no block"],
  ["see <!-- sample: serves -->\n", "p.md:1: a mark that is not a line of its own"],
])("readBlocks refuses %j", (page, message) => {
  expect(() => readBlocks(page, "p.md")).toThrow(message);
});
