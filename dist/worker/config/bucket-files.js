/**
 * What is known about the files that hold buckets. They can only be seen if Sluice runs on your own machine
 * (`npm run serve`): on Cloudflare an object that stored nothing leaves nothing, and the platform handles
 * damage.
 */
export {};
