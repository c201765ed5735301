/**
 * A process, on any runtime, that makes many calls to an API at once through a paced fetch, and
 * prints the statuses. Arguments: SLUICE_URL TOKEN BUCKET API_URL CALLS.
 */
import { createClient } from "../../src/client/client.ts";
import { createPacedFetch } from "../../src/client/paced-fetch/paced-fetch.ts";

const [url = "", token = "", bucket = "", api = "", calls = "0"] = process.argv.slice(2);

const client = createClient({ url, token });
const pacedFetch = createPacedFetch({ client, bucket, retries: 5, timeoutMs: 60_000 });

const statuses = await Promise.all(
  Array.from({ length: Number(calls) }, async (_, call) => {
    const response = await pacedFetch(`${api}/${process.pid}/${call}`, {
      method: "PUT",
      body: "x",
    });
    await response.text();
    return response.status;
  }),
);
console.log(JSON.stringify(statuses));
