/** Does what may fail without harm, such as to tidy up after an error that says more. */
export function quietly(work: () => void): void {
  try {
    work();
  } catch {
    // The caller says why that does no harm.
  }
}
