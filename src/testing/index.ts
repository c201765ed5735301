/** The package's entry `sluice/testing`: Sluice inside a test, with a clock by hand. */
export {
  createFakeSluice,
  type FakeReason,
  type FakeSluice,
  type FakeSluiceOptions,
} from "./fake-sluice.ts";
