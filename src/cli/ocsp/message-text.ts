import { OcspError, type OcspResponse } from '../../core/index.js';

/** An OCSPRequest in openssl's words. Throws OcspError `usage`. */
export const requestText: (der: Uint8Array) => string = () => {
  throw notYet();
};

/** An OCSPResponse in openssl's words. Throws OcspError `usage`. */
export const responseText: (response: OcspResponse) => string = () => {
  throw notYet();
};

/** A time as openssl prints it: `Mar  1 12:00:00 2026 GMT`. */
export function timeText(time: Date): string {
  const [, day = '', month = '', year = '', clock = ''] = time.toUTCString().split(' ');
  return `${month} ${String(Number(day)).padStart(2)} ${clock} ${year} GMT`;
}

function notYet(): OcspError {
  return new OcspError('usage', '-text is not available yet', 'restaple inspect FILE shows requests and responses');
}
