import { parseConfirmPlace } from '../../pipeline/reload/confirm-place.js';
import { parseReloadTarget } from '../../servers/reload-target.js';
import { checkStapleTemplate } from '../../store/staple-location.js';
import { addressPolicy } from '../../transport/address-guard.js';
import { proxyFromFlag } from '../../transport/proxy.js';
import { assertHeaderLines } from '../../transport/request-headers.js';
import { acceptedStatuses, checkUrl } from '../fetch/fetch-setup.js';
import { checkOnCommands } from '../fetch/on-commands.js';

/** What `fetch` checks of a value after the flags are parsed, so that it can be said with the line that it stands in. */
const checks: Readonly<Record<string, (text: string) => unknown>> = {
  url: checkUrl,
  out: checkStapleTemplate,
  proxy: (text) => proxyFromFlag(text, {}),
  'accept-status': acceptedStatuses,
  'allow-address': (text) => addressPolicy({ allowPrivate: false, allowAddresses: [text] }),
  reload: parseReloadTarget,
  confirm: parseConfirmPlace,
  'on-updated': (text) => checkOnCommands({ 'on-updated': text }),
  'on-failed': (text) => checkOnCommands({ 'on-failed': text }),
  'on-revoked': (text) => checkOnCommands({ 'on-revoked': text }),
};

/** Throws OcspError for a value that its flag's parser took and `fetch` would refuse. */
export function checkFlagValue(name: string, text: string, value: unknown): void {
  if (name === 'header') assertHeaderLines([value as readonly [string, string]]);
  else checks[name]?.(text);
}
