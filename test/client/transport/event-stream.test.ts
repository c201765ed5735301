import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import { EventStreamParser, type ServerEvent } from "../../../src/client/transport/event-stream.ts";
import { runs } from "../../../kit/runs.ts";

function parse(...pieces: readonly string[]): ServerEvent[] {
  const parser = new EventStreamParser();
  return pieces.flatMap((piece) => parser.push(piece));
}

describe("EventStreamParser", () => {
  it.each<[string, string, ServerEvent[]]>([
    ["an event", "event: a\ndata: b\n\n", [{ event: "a", data: "b" }]],
    ["no name", "data: b\n\n", [{ event: "message", data: "b" }]],
    ["no space after the colon", "event:a\ndata:b\n\n", [{ event: "a", data: "b" }]],
    ["one space of several", "data:  b \n\n", [{ event: "message", data: " b " }]],
    ["several lines", "data: a\ndata:\ndata: b\n\n", [{ event: "message", data: "a\n\nb" }]],
    ["data without a colon", "data\n\n", [{ event: "message", data: "" }]],
    ["carriage returns", "event: a\rdata: b\r\r", [{ event: "a", data: "b" }]],
    ["both", "event: a\r\ndata: b\r\n\r\n", [{ event: "a", data: "b" }]],
    ["comments", ": x\n:\ndata: b\n: y\n\n:\n\n", [{ event: "message", data: "b" }]],
    ["a name without data", "event: a\n\ndata: b\n\n", [{ event: "message", data: "b" }]],
    ["other fields", "id: 1\nretry: 2\nfoo: 3\ndata: b\n\n", [{ event: "message", data: "b" }]],
    ["an event that is not complete", "data: a\n\ndata: b\n", [{ event: "message", data: "a" }]],
    ["a colon in the data", "data: a: b\n\n", [{ event: "message", data: "a: b" }]],
  ])("reads %s", (_, text, events) => {
    expect(parse(text)).toEqual(events);
  });

  it("reads the same wherever it is cut", () => {
    const line = fc.constantFrom(
      "event: a",
      "event:b",
      "data: c",
      "data:",
      "data",
      ": d",
      "id: 1",
      "",
    );
    const text = fc
      .array(fc.tuple(line, fc.constantFrom("\n", "\r", "\r\n")))
      .map((lines) => lines.flat().join(""));
    fc.assert(
      fc.property(text, fc.array(fc.nat()), (whole, cuts) => {
        const places = [0, ...cuts.map((cut) => cut % (whole.length + 1)), whole.length].toSorted(
          (one, other) => one - other,
        );
        const pieces = places.slice(1).map((end, index) => whole.slice(places[index], end));
        // A line end that may have been cut in two is complete at the end in both cases.
        expect(parse(...pieces, "\n")).toEqual(parse(whole, "\n"));
      }),
      { numRuns: runs(2_000) },
    );
  });

  it("refuses an event without an end", () => {
    const parser = new EventStreamParser();
    const push = (): unknown => parser.push("data: ".padEnd(1_000, "x") + "\n");
    expect(() => {
      for (let i = 0; i < 100; i += 1) push();
    }).toThrow("An event must have at most 65536 characters");
    expect(() => new EventStreamParser().push("x".repeat(70_000))).toThrow(RangeError);
  });
});
