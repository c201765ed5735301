/**
 * Where isolates stand, and how long a call from one place to another takes.
 *
 * **The places** (places.json) are the largest cities of GeoNames: at most 15 of a country and none
 * within 100 km of a larger one. Cloudflare says that it is in over 330 cities of more than 120
 * countries, and 300 drawn so come near that. Mainland China is left out, since it is a network of its
 * own. Which share of the traffic comes from where is an assumption: Zipf's law over the rank, so the
 * first of 300 places sends 16 %, the last 0.05 %.
 *
 * **The round trip** is an approximation, not measured: the way over ground, times `DETOUR` for cables
 * that do not run straight, at the speed of light in glass (two thirds of that in a vacuum), both ways,
 * and `FLOOR_MS` for the two machines. It makes 76 ms of Frankfurt to New York and 252 ms of London to
 * Sydney, where 80 and 260 or so are usual. Regions with few cables are slower than that in truth.
 */
import geoNames from "./places.json" with { type: "json" };

const EARTH_RADIUS_KM = 6_371;
const KM_PER_MS_IN_GLASS = 200;
/** A cable's length by the way over ground; between 1.2 (across the Atlantic) and 2.5 (Tokyo to London). */
const DETOUR = 1.5;
/** Of a call within one place: between two machines, with the work of either. */
const FLOOR_MS = 2;

/** A city with isolates in it. */
export interface Place {
  readonly name: string;
  readonly latitude: number;
  readonly longitude: number;
}

/**
 * The `count` largest places, largest first.
 *
 * @throws {RangeError} If `count` is more than places.json holds.
 */
export function largestPlaces(count: number): Place[] {
  const { places } = geoNames;
  if (count > places.length) {
    throw new RangeError(`Cannot take ${count} places: places.json holds ${places.length}`);
  }
  return places.slice(0, count);
}

/** The share of all requests that each of `count` places sends, largest first; 1 in all. */
export function trafficShares(count: number): number[] {
  const weights = Array.from({ length: count }, (_, index) => 1 / (index + 1));
  const all = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => weight / all);
}

/** Of a call that is answered at once. */
export function roundTripMs(from: Place, to: Place): number {
  return FLOOR_MS + (2 * DETOUR * distanceKm(from, to)) / KM_PER_MS_IN_GLASS;
}

/** Over ground: the haversine formula. */
function distanceKm(from: Place, to: Place): number {
  const [fromLatitude, toLatitude] = [radians(from.latitude), radians(to.latitude)];
  const halfLatitude = Math.sin((toLatitude - fromLatitude) / 2);
  const halfLongitude = Math.sin(radians(to.longitude - from.longitude) / 2);
  const square =
    halfLatitude ** 2 + Math.cos(fromLatitude) * Math.cos(toLatitude) * halfLongitude ** 2;
  return 2 * EARTH_RADIUS_KM * Math.asin(Math.sqrt(square));
}

function radians(degrees: number): number {
  return (degrees * Math.PI) / 180;
}
