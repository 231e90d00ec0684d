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

/** The error for a proxy that does not let a request to `host` through. */
export function proxyRefused(proxy: string | undefined, host: string, status: number): StatusError {
  const what = status === 407 ? 'asks for authentication' : `refuses the way to ${host} with HTTP status ${status}`;
  const hint =
    status === 407
      ? 'put the credentials into the proxy URL: http://user:password@host:port'
      : 'check what the proxy allows, or exempt the host in NO_PROXY';
  return new StatusError('proxy-failed', `the proxy ${proxy ?? ''} ${what}`, hint, { status });
}
