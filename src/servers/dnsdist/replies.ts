import { TargetFailure } from '../reload-result.js';
import { parseHostAndPort, type HostAndPort } from '../../system/network/host-and-port.js';
import { definedOnly } from '../../core/defined-only.js';
import { beginningOf } from '../../core/shortened.js';

/** A frontend that dnsdist was asked to reload, and the error where that failed. */
export interface FrontendReload {
  /** `DoT frontend 0`, counted as getTLSFrontend(0) and its kin do. */
  readonly name: string;
  readonly error?: string;
}

export interface DnsdistVersion {
  /** `1.7.3`, or what it has in its place. */
  readonly text: string;
  /** Up to 1.7 a frontend refuses a bad staple with all its files, and says so; newer ones drop it without a word. */
  readonly refusesBadStaples: boolean;
}

/**
 * Reloads each frontend separately and returns one line for each: reloadAllCertificates() answers nothing, whatever goes wrong.
 * DoQ and DoH3 are only in some builds of 1.9 and newer.
 */
export const reloadEachFrontend = `
local lines = {}
local function reloadEach(kind, count, frontend)
  for i = 0, (count and count() or 0) - 1 do
    local ok, problem = pcall(function() frontend(i):reloadCertificates() end)
    local outcome = ok and "ok" or "failed: " .. string.gsub(tostring(problem), "[\\r\\n]", " ")
    lines[#lines + 1] = kind .. " " .. i .. " " .. outcome
  end
end
reloadEach("DoT", getTLSFrontendCount, getTLSFrontend)
reloadEach("DoH", getDOHFrontendCount, getDOHFrontend)
reloadEach("DoQ", getDOQFrontendCount, getDOQFrontend)
reloadEach("DoH3", getDOH3FrontendCount, getDOH3Frontend)
return table.concat(lines, "\\n")
`.trim();

/** Shows what dnsdist listens on. Only this is right in all versions: from 2.0 on showTLSFrontends() says 0.0.0.0:0 of those in YAML. */
export const showBinds = 'showBinds()';

/** The addresses of frontends that staple in what {@link showBinds} says, DoT and DoH; nothing for a reply of another kind. */
export function readListeners(reply: string): HostAndPort[] {
  const lines = reply.matchAll(/^\d+ +(\S+:\d+) +TCP \(DNS over (?:TLS|HTTPS)\)/gm);
  return [...lines].flatMap(([, text = '']) => parseHostAndPort(text) ?? []);
}

/**
 * A reply that is not the text of a Lua error.
 *
 * @throws TargetFailure `command-failed`
 */
export function withoutLuaError(reply: string, command: string): string {
  if (!reply.startsWith('Error: ') && !reply.startsWith('Command returned an object')) return reply;
  throw new TargetFailure(
    'command-failed',
    `dnsdist could not run ${command}: ${beginningOf(errorText(reply))}`,
    'run it in the console of dnsdist (dnsdist -c) to see more; dnsdist from 1.7 on is known to work',
  );
}

/** What showVersion() says: `dnsdist 1.9.16`. */
export function readVersion(reply: string): DnsdistVersion {
  const match = /^dnsdist (\S{1,40})\s*$/.exec(reply);
  const text = match?.[1];
  if (text === undefined) {
    throw new TargetFailure(
      'unexpected-reply',
      `showVersion() answers "${beginningOf(reply.trim())}" instead of a version of dnsdist`,
      'check whether the configuration of dnsdist redefines showVersion',
    );
  }
  const [, major, minor] = /^(\d+)\.(\d+)/.exec(text) ?? [];
  // Builds from git call themselves 0.0 and are new.
  return { text, refusesBadStaples: major === '1' && Number(minor) <= 7 };
}

/** What {@link reloadEachFrontend} says. */
export function readFrontends(reply: string): FrontendReload[] {
  return reply
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const match = /^(Do(?:[TQ]|H3?)) (\d+) (?:ok|failed: (.*))$/.exec(line);
      if (match === null) {
        throw new TargetFailure(
          'unexpected-reply',
          `dnsdist answers the reload with "${beginningOf(line)}"`,
          'reload it by hand in the console of dnsdist: reloadAllCertificates()',
        );
      }
      const [, kind = '', index = '', error] = match;
      return definedOnly({
        name: `${kind} frontend ${index}`,
        error: error === undefined ? undefined : errorText(error),
      });
    });
}

/** The file that an error of dnsdist is about, where it is a staple. */
export function stapleFileIn(error: string): string | undefined {
  return /OCSP response from '(.+)'(?::|$)/.exec(error)?.[1];
}

/** What dnsdist has against a staple, and what to do, from the end of its error text; undefined when it is about something else. */
export function explainRefusal(error: string): { readonly reason: string; readonly hint: string } | undefined {
  return refusals.find(({ pattern }) => pattern.test(error));
}

const fetchAgain = 'fetch it again: restaple fetch --force CERT';

const refusals: readonly { readonly pattern: RegExp; readonly reason: string; readonly hint: string }[] = [
  {
    pattern: /Unable to parse OCSP response|Unable to load OCSP response from/,
    reason: 'dnsdist finds no OCSP response in it: missing, not readable by the user of dnsdist, or not DER',
    hint: 'make it readable for the user of dnsdist (often _dnsdist), outside /home, /root and /tmp, which its service hides; then: restaple verify CERT',
  },
  {
    pattern: /not yet, or no longer, valid/,
    reason: 'it is not yet, or no longer, valid by the clock of dnsdist',
    hint: `${fetchAgain}; and compare the clocks`,
  },
  {
    pattern: /OCSP response status is not successful/,
    reason: 'the responder did not give a status',
    hint: fetchAgain,
  },
  {
    pattern: /Invalid status for OCSP single response \(1\)/,
    reason: 'it says revoked',
    hint: 'replace the certificate: dnsdist staples only good responses',
  },
  {
    pattern: /Invalid status for OCSP single response/,
    reason: 'it says unknown',
    hint: 'ask the certificate authority why it does not know the certificate: dnsdist staples only good responses',
  },
  {
    pattern: /Error getting validity of OCSP single response/,
    reason: 'it has no nextUpdate',
    hint: 'use a responder that sets nextUpdate: dnsdist takes no other',
  },
  {
    pattern: /More than one single response/,
    reason: 'it is about more than one certificate',
    hint: `${fetchAgain}, which asks for one certificate at a time`,
  },
];

/** More than a file name and a sentence; patterns that look for them would take too long over a megabyte. */
const longestError = 8192;

/** One line without Lua's own decoration: prefix, place in the chunk, stack. */
function errorText(text: string): string {
  const [first = ''] = text.slice(0, longestError).split('\n');
  return first
    .replace(/^Error: /, '')
    .replace(/^\[string ".*?"\]:\d+: /, '')
    .replace(/^Caught exception: /, '');
}
