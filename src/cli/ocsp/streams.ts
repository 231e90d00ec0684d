/** Where the lines of `restaple ocsp` go; -out replaces stdout. */
export interface OpensslStreams {
  readonly stdout: NodeJS.WritableStream;
  readonly stderr: NodeJS.WritableStream;
}
