import { OcspError } from '../core/ocsp-error.js';

/** An OcspError (`http-status` or `proxy-failed`) that came with an HTTP status. */
export class StatusError extends OcspError {
  readonly status: number;
  /** The Retry-After header as it came: seconds or an HTTP date, see `parseRetryAfter`. */
  readonly retryAfter: string | undefined;

  constructor(
    code: 'http-status' | 'proxy-failed',
    message: string,
    hint: string,
    details: { readonly status: number; readonly retryAfter?: string | undefined },
  ) {
    super(code, message, hint);
    this.status = details.status;
    this.retryAfter = details.retryAfter;
  }
}
