/**
 * The default for `ALLOWED_HOSTS` if Sluice listens on the loopback interface only: no name that a DNS
 * server could resolve to it, unless the configuration allows one (see src/worker/config/allowed-hosts.ts).
 */
import { BlockList, isIP } from "node:net";

const loopback = new BlockList();
loopback.addSubnet("127.0.0.0", 8, "ipv4");
loopback.addAddress("::1", "ipv6");

/**
 * `vars`, with `ALLOWED_HOSTS` added if `host` is a loopback address and neither `vars` nor `configured`
 * sets it.
 */
export function withAllowedHosts(
  vars: Readonly<Record<string, string>>,
  configured: Readonly<Record<string, unknown>>,
  host: string,
): Readonly<Record<string, string>> {
  const isSet = "ALLOWED_HOSTS" in configured || "ALLOWED_HOSTS" in vars;
  return isSet || !isLoopback(host) ? vars : { ...vars, ALLOWED_HOSTS: "localhost" };
}

function isLoopback(host: string): boolean {
  const version = isIP(host);
  if (version === 0) return /^(.*\.)?localhost$/i.test(host);
  return loopback.check(host, version === 6 ? "ipv6" : "ipv4");
}
