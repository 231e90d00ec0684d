const mask = '********';

/** A header without its value. */
export function maskedHeader(text: string): string {
  return text.replace(/:[^]*$/, `: ${mask}`);
}

/** `http://user:password@host` without the password; a word that stands alone before the `@` may be a token, and goes too. */
export function withoutPassword(url: string): string {
  return url.replace(/^((?:[a-z][a-z0-9+.-]*:\/\/)?)([^/?#]*)@/i, (_all, scheme: string, credentials: string) => {
    const colon = credentials.indexOf(':');
    return `${scheme}${colon < 0 ? '' : credentials.slice(0, colon + 1)}${mask}@`;
  });
}
