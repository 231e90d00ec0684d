/** The time that everything for one certificate may take: all URIs, methods, waits, and the download of its issuer. */
export interface Budget {
  /** Milliseconds left; never negative. */
  left(): number;
  /** Waits without spending: standing in line for a responder that others are asking is not this certificate's time. */
  pausedWhile<Value>(wait: Promise<Value>): Promise<Value>;
  /** Takes so many milliseconds away. */
  spend(milliseconds: number): void;
}

/** A budget that starts now, measured by the monotonic clock. */
export function startBudget(milliseconds: number): Budget {
  let end = performance.now() + milliseconds;
  return {
    left: () => Math.max(0, end - performance.now()),
    async pausedWhile(wait) {
      const paused = performance.now();
      try {
        return await wait;
      } finally {
        end += performance.now() - paused;
      }
    },
    spend(milliseconds) {
      end -= milliseconds;
    },
  };
}
