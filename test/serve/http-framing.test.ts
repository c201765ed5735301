/** The boundaries of HTTP/1 messages; whole connections are read in exchange.test.ts. */
import { describe, expect, it } from "vitest";

import { MessageReader, bodyLengthIn, type BodyLength } from "../../serve/http-framing.ts";

it.each<[head: string, length: BodyLength | undefined]>([
  ["", undefined],
  ["X: 1", undefined],
  ["Content-Length: 12", 12],
  ["content-length:12 ", 12],
  ["Content-Length: 1, 1", "unclear"],
  ["Content-Length: 1\r\nContent-Length: 1", "unclear"],
  ["Content-Length: -1", "unclear"],
  ["Content-Length: 1234567890123456", "unclear"],
  ["Transfer-Encoding: Chunked", "chunked"],
  ["Content-Length: 5\r\nTransfer-Encoding: chunked", "chunked"],
  ["Transfer-Encoding: gzip, chunked", "unclear"],
  ["Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", "unclear"],
  ["X-Content-Length: 5", undefined],
])("bodyLengthIn %j: %s", (fields, length) => {
  expect(bodyLengthIn(`GET / HTTP/1.1\r\n${fields}\r\n\r\n`)).toBe(length);
});

describe("MessageReader", () => {
  function read(text: string, readHead: (head: string) => BodyLength | "skip") {
    const heads: string[] = [];
    let ends = 0;
    const reader = new MessageReader(
      (head) => {
        heads.push(head);
        return readHead(head);
      },
      () => {
        ends += 1;
      },
    );
    reader.read(Buffer.from(text));
    return { heads, ends, position: reader.position };
  }

  it("reads a head as it was sent, to its empty line", () => {
    const { heads } = read("A\r\nB: c\n\nD", () => 0);
    expect(heads).toEqual(["A\r\nB: c\n\n"]);
  });

  it("ends a message with its body, and skips what readHead skips", () => {
    expect(read("100\n\n200\n\nabc", (head) => (head === "100\n\n" ? "skip" : 3))).toEqual({
      heads: ["100\n\n", "200\n\n"],
      ends: 1,
      position: "between",
    });
  });

  it("ends a chunked message with its trailer", () => {
    const chunks = "3;x=y\r\nabc\r\n0\r\nT: 1\r\n";
    expect(read(`A\n\n${chunks}`, () => "chunked")).toMatchObject({ ends: 0, position: "body" });
    expect(read(`A\n\n${chunks}\r\n`, () => "chunked")).toMatchObject({
      ends: 1,
      position: "between",
    });
  });

  it("reads nothing more once it is unclear", () => {
    expect(read("A\n\nB\n\n", () => "unclear")).toEqual({
      heads: ["A\n\n"],
      ends: 0,
      position: "unclear",
    });
  });
});
