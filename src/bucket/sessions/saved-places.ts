/**
 * The places of one session as text, to be kept while their object sleeps: with the socket, which has room for
 * 16 KiB, or in a row of the storage.
 *
 * Waiters of a session mostly ask for the same, one after the other. So each place is a short row of what differs
 * from the one before: 8 characters with ids that count up, 12 with tickets, and a key's length more with keys. A
 * thousand places fit with their socket then, and a row is money: one that is written each second costs $2.60 a
 * month.
 *
 * The text is JSON: `[version, row, row, …]`, and in ASCII, as anything else would take two bytes a character. A
 * text that can't be read, such as one of a later version after a rollback, is not an error here: the session is
 * closed then, and its client comes back with its tickets.
 */
import type { Ask } from "../../core/ask.ts";
import type { Standing } from "../../core/queue/arrival-order.ts";
import type { MessageId } from "../../protocol/session-messages.ts";
import type { Arrival } from "../absent-callers.ts";

import { isPlainObject } from "../../core/is-record.ts";
import { asciiJson } from "../../protocol/text.ts";

/** A place in the queue, as it is kept for its session. */
export interface SavedPlace {
  /** The client's name of the acquire. */
  readonly id: MessageId;
  readonly ask: Ask;
  readonly isFollowing: boolean;
  readonly hasFields: boolean;
  /** The timeout in force: that of `ask` or, if it has none, the policy's. */
  readonly timeoutMs: number;
  readonly arrival: Required<Arrival>;
  /** See `Standing`. */
  readonly behindLater?: Standing | undefined;
  /** Identifies the place in its ticket; absent if it has none. */
  readonly placeId?: string | undefined;
}

/** A later version with other rows has another number, and this one leaves them alone. */
const VERSION = 1;

const FOLLOWS = 1;
const WANTS_FIELDS = 2;
const ASKED_FOR_TIMEOUT = 4;

/** What a row is in relation to: the place before it. */
interface Before {
  id: number;
  queuedAtMs: number;
  arrivalNumber: number;
  instance: string;
  ticketNumber: number;
  /** As JSON text. */
  terms: string;
}

/** Where a place stands behind one that arrived later: its arrival, and in turn what that one is behind. */
type WrittenStanding = readonly [number, number | null, WrittenStanding?];

/** The places as text, in their order. */
export function encodePlaces(places: Iterable<SavedPlace>): string {
  const before = nothingBefore();
  const rows = Array.from(places, (place) => JSON.stringify(rowOf(place, before)));
  return asciiJson(`[${[VERSION, ...rows].join()}]`);
}

/** The places that a text lists; `undefined` if it can't be read. Takes any text. */
export function decodePlaces(text: string): readonly SavedPlace[] | undefined {
  try {
    const [version, ...rows]: unknown[] = listOf(JSON.parse(text));
    if (version !== VERSION) return undefined;
    const before = nothingBefore();
    return rows.map((row) => placeIn(listOf(row), before));
  } catch (error) {
    if (error instanceof Unreadable || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** The text is not one of `encodePlaces`. */
class Unreadable extends Error {
  override readonly name = "Unreadable";
}

function nothingBefore(): Before {
  return { id: 0, queuedAtMs: 0, arrivalNumber: 0, instance: "", ticketNumber: 0, terms: "" };
}

function rowOf(place: SavedPlace, before: Before): readonly unknown[] {
  const { id, ask, arrival, placeId } = place;
  const { queuedAtMs, arrivalNumber } = arrival;
  const row: unknown[] = [
    typeof id === "number" ? idIn(id, before) : id,
    queuedAtMs - before.queuedAtMs,
    arrivalNumber - before.arrivalNumber,
    ask.idempotencyKey ?? 0,
    placeId === undefined ? 0 : ticketIn(placeId, before),
  ];
  const terms = withoutZeros(termsOf(place));
  const text = JSON.stringify(terms);
  if (text !== before.terms) row.push(...terms);
  if (typeof id === "number") before.id = id;
  Object.assign(before, { queuedAtMs, arrivalNumber, terms: text });
  return withoutZeros(row);
}

/** How much more it is than the one before; in brackets as it is, if that difference is no safe integer. */
function idIn(id: number, before: Before): number | readonly [number] {
  const difference = id - before.id;
  return Number.isSafeInteger(difference) ? difference : [id];
}

/** What waiters of a session mostly have in common. */
function termsOf(place: SavedPlace): readonly unknown[] {
  const { ask, arrival, timeoutMs, isFollowing, hasFields, behindLater } = place;
  const { tokens, limits, holdMs = 0, label = 0 } = ask;
  const flags =
    (isFollowing ? FOLLOWS : 0) +
    (hasFields ? WANTS_FIELDS : 0) +
    (ask.timeoutMs === undefined ? 0 : ASKED_FOR_TIMEOUT);
  return [
    // No limit's name is empty.
    limits ? { "": tokens, ...limits } : tokens,
    timeoutMs,
    arrival.deadlineAtMs - arrival.queuedAtMs - timeoutMs,
    flags,
    holdMs,
    behindLater ? standingIn(behindLater) : 0,
    // Versions from before don't look at it.
    label,
  ];
}

/** Tickets of one instance count up, so the number is enough where the one before is of the same instance. */
function ticketIn(placeId: string, before: Before): string | number {
  const { instance, ticketNumber } = before;
  const [own, number] = partsOf(placeId);
  if (number === undefined) return placeId;
  Object.assign(before, { instance: own, ticketNumber: number });
  // 0 is no ticket.
  return own === instance && number !== ticketNumber ? number - ticketNumber : placeId;
}

function partsOf(placeId: string): readonly [string, number | undefined] {
  const [, instance = "", digits = ""] = /^(.+)\.(0|[1-9]\d{0,14})$/.exec(placeId) ?? [];
  return [instance, digits === "" ? undefined : Number(digits)];
}

function standingIn({ queuedAtMs, arrivalNumber, behindLater }: Standing): WrittenStanding {
  const number = arrivalNumber ?? null;
  return behindLater ? [queuedAtMs, number, standingIn(behindLater)] : [queuedAtMs, number];
}

function withoutZeros(values: readonly unknown[]): readonly unknown[] {
  return values.slice(0, values.findLastIndex((value) => value !== 0) + 1);
}

function placeIn(row: readonly unknown[], before: Before): SavedPlace {
  const [idPart = 0, queuedMs = 0, arrivals = 0, key = 0, ticket = 0, ...ownTerms] = row;
  const id = typeof idPart === "string" ? idPart : idOf(idPart, before);
  const queuedAtMs = before.queuedAtMs + numberOf(queuedMs);
  const arrivalNumber = before.arrivalNumber + integerOf(arrivals);
  if (typeof id === "number") before.id = id;
  if (ownTerms.length > 0) before.terms = JSON.stringify(ownTerms);
  Object.assign(before, { queuedAtMs, arrivalNumber });
  const placeId = ticket === 0 ? undefined : placeIdOf(ticket, before);
  const [tokens = 0, wait = 0, late = 0, flags = 0, hold = 0, behind = 0, label = 0]: unknown[] =
    ownTerms.length > 0 ? ownTerms : listOf(JSON.parse(before.terms));
  const timeoutMs = countOf(wait);
  const deadlineAtMs = queuedAtMs + (timeoutMs + numberOf(late));
  const has = (flag: number): boolean => (countOf(flags) & flag) !== 0;
  return {
    id,
    ask: {
      ...askedOf(tokens),
      ...(has(ASKED_FOR_TIMEOUT) && { timeoutMs }),
      ...(hold !== 0 && { holdMs: countOf(hold) }),
      ...(key !== 0 && { idempotencyKey: textOf(key) }),
      ...(label !== 0 && { label: textOf(label) }),
    },
    isFollowing: has(FOLLOWS),
    hasFields: has(WANTS_FIELDS),
    timeoutMs,
    arrival: { queuedAtMs, deadlineAtMs, arrivalNumber },
    ...(behind !== 0 && { behindLater: standingOf(behind) }),
    ...(placeId !== undefined && { placeId }),
  };
}

function idOf(part: unknown, before: Before): number {
  return Array.isArray(part) ? integerOf(part[0]) : integerOf(before.id + integerOf(part));
}

function placeIdOf(ticket: unknown, before: Before): string {
  if (typeof ticket === "number") {
    before.ticketNumber += integerOf(ticket);
    return `${before.instance}.${before.ticketNumber}`;
  }
  const placeId = textOf(ticket);
  const [instance, ticketNumber] = partsOf(placeId);
  if (ticketNumber !== undefined) Object.assign(before, { instance, ticketNumber });
  return placeId;
}

function askedOf(tokens: unknown): Pick<Ask, "tokens" | "limits"> {
  if (!isPlainObject(tokens)) return { tokens: countOf(tokens, 1) };
  const { "": all, ...limits } = tokens;
  const named = Object.entries(limits).map(([name, count]) => [name, countOf(count)] as const);
  return { tokens: countOf(all), limits: Object.fromEntries(named) };
}

function standingOf(written: unknown): Standing {
  const [queuedAtMs, number, behind] = listOf(written);
  return {
    queuedAtMs: numberOf(queuedAtMs),
    ...(number !== null && { arrivalNumber: integerOf(number) }),
    ...(behind !== undefined && { behindLater: standingOf(behind) }),
  };
}

function listOf(value: unknown): unknown[] {
  if (Array.isArray(value)) return value;
  throw new Unreadable();
}

function numberOf(value: unknown): number {
  if (typeof value === "number") return value;
  throw new Unreadable();
}

function integerOf(value: unknown): number {
  const number = numberOf(value);
  if (Number.isSafeInteger(number)) return number;
  throw new Unreadable();
}

function countOf(value: unknown, min = 0): number {
  const count = integerOf(value);
  if (count >= min) return count;
  throw new Unreadable();
}

function textOf(value: unknown): string {
  if (typeof value === "string") return value;
  throw new Unreadable();
}
