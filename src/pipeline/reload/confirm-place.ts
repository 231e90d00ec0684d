import { OcspError } from '../../core/index.js';
import { shownPath, type FilePath } from '../../core/file-path.js';
import { parseHostAndPort, type HostAndPort } from '../../system/network/host-and-port.js';
import { definedOnly } from '../../core/defined-only.js';

/** Where a handshake has to show a staple: `[CERT=]HOST:PORT[#SERVERNAME]`. */
export interface ConfirmPlace extends HostAndPort {
  readonly text: string;
  readonly certificate?: string;
  readonly serverName?: string;
}

/** Reads the words of --confirm, each place once. Throws OcspError `usage`, also for a certificate that the run does not have. */
export function confirmPlacesFrom(texts: readonly string[], certificates: () => readonly FilePath[]): ConfirmPlace[] {
  const places = [...new Set(texts)].map(parseConfirmPlace);
  if (places.every(({ certificate }) => certificate === undefined)) return places;
  const names = new Set(certificates().map(shownPath));
  for (const { certificate } of places) {
    if (certificate === undefined || names.has(certificate)) continue;
    throw new OcspError(
      'usage',
      `--confirm: ${certificate} is not a certificate of this run`,
      'name a certificate of this run as it is named there',
    );
  }
  return places;
}

/** Reads one place. Throws OcspError `usage`. */
export function parseConfirmPlace(text: string): ConfirmPlace {
  const [place = '', serverName, ...rest] = text.split('#');
  const equals = place.lastIndexOf('=');
  const address = parseHostAndPort(place.slice(equals + 1), 443);
  if (address === undefined || rest.length > 0 || serverName === '' || equals === 0) {
    throw new OcspError(
      'usage',
      `"${text}" is not a place for a handshake`,
      'write it like 127.0.0.1:443, [::1]:853#dot.example or site.pem=127.0.0.1:443#www.example',
    );
  }
  return definedOnly({ text, ...address, certificate: equals < 0 ? undefined : place.slice(0, equals), serverName });
}
