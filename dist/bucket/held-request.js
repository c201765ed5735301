/** Whether a request follows its place. */
export function isFollowing(request) {
    return request.moved !== undefined;
}
