import sluice from "sluice/worker";

export { BucketObject, Sluice } from "sluice/worker";

export default sluice;
