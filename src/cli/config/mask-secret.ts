const mask = '********';

/** A header without its value; without a colon nobody can tell what is the value. */
export function maskedHeader(text: string): string {
  return text.includes(':') ? text.replace(/:[^]*$/, `: ${mask}`) : mask;
}

/** `http://user:password@host` without the password; a single word before the `@` may be a token, and goes too. */
export function withoutPassword(url: string): string {
  // A password with a slash does not parse as one, but must be masked too.
  return url.replace(
    /^((?:[a-z][a-z0-9+.-]*:\/\/)?)([^/?#]*|[^/?#]*:(?!\/\/)[^]*)@/i,
    (_all, scheme: string, credentials: string) => {
      const colon = credentials.indexOf(':');
      return `${scheme}${colon < 0 ? '' : credentials.slice(0, colon + 1)}${mask}@`;
    },
  );
}
