import { describe, expect, it } from "vitest";

import { isTicketForm } from "../../../src/protocol/ticket-form.ts";
import { TicketSigner, keyHashOf, type TicketClaim } from "../../../src/bucket/tickets/ticket.ts";

const NOW_MS = 1_795_425_904_000;
const SECRET = Uint8Array.from({ length: 32 }, (_, at) => at);
const BASE64URL = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

const claim: TicketClaim = {
  placeId: "00ff00ff00ff.17",
  arrival: { queuedAtMs: NOW_MS + 0.001, deadlineAtMs: NOW_MS + 5_000, arrivalNumber: 17 },
  timeoutMs: 5_000,
  asked: { tokens: 3, limits: { tpm: 1_200 }, timeoutMs: 5_000, holdMs: 60_000 },
  keyHash: keyHashOf({ idempotencyKey: "a" }) ?? "",
};
const plain: TicketClaim = {
  placeId: "00ff00ff00ff.18",
  arrival: { queuedAtMs: NOW_MS, deadlineAtMs: NOW_MS + 60_000 },
  timeoutMs: 60_000,
  asked: { tokens: 1 },
};

describe("TicketSigner", () => {
  it.each([claim, plain])("opens what it has signed", (signed) => {
    const ticket = new TicketSigner(SECRET).sign(signed);
    expect(isTicketForm(ticket)).toBe(true);
    expect(new TicketSigner(SECRET).open(ticket)).toEqual(signed);
  });

  it("makes the same ticket of the same claim", () => {
    const signer = new TicketSigner(SECRET);
    expect(signer.sign(claim)).toBe(signer.sign(claim));
    expect(signer.sign(claim)).not.toBe(signer.sign(plain));
  });

  it("opens no ticket that was altered in any character", () => {
    const signer = new TicketSigner(SECRET);
    const ticket = signer.sign(claim);
    for (let at = 0; at < ticket.length; at += 1) {
      for (const other of `${BASE64URL}.=ä`) {
        if (other === ticket[at]) continue;
        const altered = ticket.slice(0, at) + other + ticket.slice(at + 1);
        expect(signer.open(altered), `${other} at ${at}`).toBeUndefined();
      }
      expect(signer.open(ticket.slice(0, at)), `cut at ${at}`).toBeUndefined();
      const longer = `${ticket.slice(0, at)}A${ticket.slice(at)}`;
      expect(signer.open(longer), `longer at ${at}`).toBeUndefined();
    }
    expect(signer.open(`${ticket}A`)).toBeUndefined();
    expect(signer.open(ticket)).toEqual(claim);
  });

  it("opens no ticket of a bucket with another secret", () => {
    for (let at = 0; at < SECRET.length; at += 1) {
      const other = Uint8Array.from(SECRET, (byte, index) => (index === at ? byte ^ 1 : byte));
      expect(new TicketSigner(other).open(new TicketSigner(SECRET).sign(claim))).toBeUndefined();
    }
  });

  it("opens no statement of its own under another signature of its own", () => {
    const signer = new TicketSigner(SECRET);
    const [version, statement] = signer.sign(claim).split(".");
    const [, , signature] = signer.sign(plain).split(".");
    expect(signer.open(`${version}.${statement}.${signature}`)).toBeUndefined();
  });

  it("fits into its form with tokens of every limit that a bucket can have", () => {
    const names = Array.from({ length: 8 }, (_, at) => `${"n".repeat(31)}${at}`);
    const limits = Object.fromEntries(names.map((name) => [name, Number.MAX_SAFE_INTEGER]));
    const largest = { ...claim, asked: { ...claim.asked, tokens: 0, limits } };
    const ticket = new TicketSigner(SECRET).sign(largest);
    expect(isTicketForm(ticket), `${ticket.length} characters`).toBe(true);
  });
});

describe("keyHashOf", () => {
  it("tells keys apart, and calls without one", () => {
    const hashes = ["a", "b", "A", "a".repeat(255)].map((idempotencyKey) => {
      return keyHashOf({ idempotencyKey });
    });
    expect(new Set(hashes).size).toBe(4);
    expect(hashes.every((hash) => hash?.length === 16)).toBe(true);
    expect(keyHashOf({})).toBeUndefined();
  });
});
