import { describeBehaviours } from "../../kit/model/behaviours.ts";
import {
  openHttp,
  openObject,
  openRpc,
  openSession,
  openSessionEach,
  openStreaming,
  openStreamingIfQueued,
} from "../../kit/edge/surfaces.ts";
import { useVirtualTimeThroughout } from "../../kit/edge/virtual-time.ts";

useVirtualTimeThroughout();

describeBehaviours("BucketObject", openObject);
describeBehaviours("RPC", openRpc);
describeBehaviours("HTTP", openHttp);
describeBehaviours("event streams", openStreaming);
describeBehaviours("event streams of those who wait", openStreamingIfQueued);
describeBehaviours("sessions", openSession);
describeBehaviours("a session for each caller", openSessionEach);
