import { OcspError } from '../core/ocsp-error.js';

/** Longest URI that is taken from anywhere: far above any real one, also with a request in its path. */
const maximumLength = 8192;

/** Credentials in front of the host, up to the last `@` of the authority (backslashes are refused before this matters). */
const credentials = /\/\/[^/?#]*@/;

/** `url` without the credentials that the operator may have put into it. */
export function withoutCredentials(url: string): string {
  return url.replace(credentials, '//');
}

/** What may be credentials where a slash in a password, or no scheme, keeps the URL from being parsed as it is meant. */
const strayCredentials = /^(?:([a-z][a-z0-9+.-]*:\/\/)[^/?#@]*:[^]*@|(?![a-z][a-z0-9+.-]*:\/\/)[^]*@)/i;

/** `url` for messages: without anything that may be credentials, cut to 200 characters. */
export function shownUrl(url: string): string {
  const bare = withoutCredentials(url).replace(strayCredentials, '$1********@');
  return bare.length > 200 ? `${bare.slice(0, 200)}...` : bare;
}

/**
 * The URL to connect to. http and https only, absolute, no control characters, spaces or backslashes; `base` resolves a redirect's
 * Location. Throws OcspError `malformed-uri` or `unsupported-scheme`; credentials in it are `malformed-uri` unless allowed.
 */
export function parseTarget(
  text: string,
  options: { readonly allowCredentials?: boolean; readonly base?: URL } = {},
): URL {
  if (text.length > maximumLength) throw malformed(text, `it is longer than ${maximumLength} characters`);
  // eslint-disable-next-line no-control-regex -- exactly these are refused: the URL parser would drop or encode some silently
  if (/[\u0000-\u0020\u007f-\u00a0\u2028\u2029]/.test(text)) {
    throw malformed(text, 'it contains a control character or a space');
  }
  if (text.includes('\\')) throw malformed(text, 'it contains a backslash');
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(text)?.[1]?.toLowerCase();
  if (scheme === undefined && options.base === undefined) throw malformed(text, 'it names no scheme such as http://');
  if (scheme !== undefined) assertScheme(scheme, text);
  if (!URL.canParse(text, options.base?.href)) throw malformed(text, 'it cannot be parsed');
  const url = new URL(text, options.base);
  if (url.port === '0') throw malformed(text, 'nothing listens on port 0');
  if (/^\.|\.\./.test(url.hostname)) throw malformed(text, 'its host name has an empty label');
  if ((url.username !== '' || url.password !== '') && options.allowCredentials !== true) {
    throw malformed(text, 'it contains a user name or password');
  }
  url.hash = '';
  return url;
}

function assertScheme(scheme: string, text: string): void {
  if (scheme !== 'http' && scheme !== 'https') {
    throw new OcspError(
      'unsupported-scheme',
      `${shownUrl(text)} is a ${scheme} URI, only http and https can be asked`,
      'name a responder that speaks http with --url',
    );
  }
  if (!/^https?:\/\/[^/]/i.test(text)) throw malformed(text, 'it names no host');
}

function malformed(text: string, reason: string): OcspError {
  return new OcspError(
    'malformed-uri',
    `the URI ${shownUrl(text)} is not usable: ${reason}`,
    'name the right responder with --url, like http://ocsp.example.com/',
  );
}

/** Host and port as one name for what is counted by responder; of a URI that cannot be parsed the text itself. */
export function hostOfUrl(url: string): string {
  return URL.canParse(url) ? new URL(url).host : url;
}

/** The port that is connected to, the scheme's own where the URL names none. */
export function portOf(url: URL): string {
  return url.port !== '' ? url.port : url.protocol === 'https:' ? '443' : '80';
}
