/** The time that everything for one certificate may take: all URIs, methods, waits, and the download of its issuer. */
export interface Budget {
  /** Milliseconds left; never negative. */
  left(): number;
}

/** A budget that starts now, measured by the monotonic clock. */
export function startBudget(milliseconds: number): Budget {
  const end = performance.now() + milliseconds;
  return { left: () => Math.max(0, end - performance.now()) };
}
