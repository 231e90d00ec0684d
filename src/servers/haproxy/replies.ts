import { beginningOf } from '../../core/shortened.js';
import { TargetFailure, type TargetTrouble } from '../reload-result.js';

/** A reply of haproxy that is not a success: what it contains, and what that means for an administrator. */
interface KnownReply extends TargetTrouble {
  readonly contains: string;
}

const fetchAgain = 'fetch a new response: restaple fetch --force';
const inspect = 'look at the file: restaple inspect FILE';

function refusal(contains: string, reason: string, hint: string): KnownReply {
  return { contains, code: 'staple-refused', message: `haproxy refused the staple: ${reason}`, hint };
}

const notLoaded: TargetTrouble = {
  code: 'no-slot',
  message: 'haproxy has not loaded this certificate',
  hint: 'name the file in a "crt" of its configuration and reload it',
};

const levelHint =
  'add "level admin" to its "stats socket" line and reload haproxy; a reload also makes it read the .ocsp files';

/** Every refusal of haproxy 2.6 to 3.5, the more special before the more general. */
const knownReplies: readonly KnownReply[] = [
  // set ssl ocsp-response
  refusal('Must be valid during at least 300s', 'its nextUpdate is less than 300 s away', fetchAgain),
  refusal(
    'no longer valid',
    "by the server's clock it is expired or not yet valid",
    `compare the server's clock (date -u) with the staple's times; where the clock is right, ${fetchAgain}`,
  ),
  refusal('missing nextupdate', 'it has no nextUpdate', 'the responder must state a nextUpdate; ask its operator'),
  refusal('Invalid "Next Update" time', 'its nextUpdate is not a time that it can read', inspect),
  refusal('Unable to parse OCSP response', 'it is not an OCSP response', inspect),
  refusal('OCSP response status not successful', "it is a responder's refusal, not an answer", fetchAgain),
  refusal(
    'certificate status is unknown',
    'the responder does not know the certificate',
    "ask the certificate's issuer why its responder does not know it",
  ),
  refusal(
    'contains multiple single responses',
    'it is about several certificates',
    'ask for one certificate per request: restaple fetch does',
  ),
  {
    contains: 'Certificate ID does not match any certificate or issuer',
    code: 'no-slot',
    message: 'haproxy has no place for this staple: no certificate that it loaded with OCSP fits',
    hint: 'reload haproxy, so that it loads the certificate together with its .ocsp file',
  },
  {
    contains: 'received invalid base64 encoded response',
    code: 'unexpected-reply',
    message: 'the staple reached haproxy damaged: it is not valid base64',
    hint: 'try again; a relay between restaple and the socket may cut lines',
  },
  {
    contains: 'expects response in base64 encoding',
    code: 'unexpected-reply',
    message: 'the staple did not reach haproxy with its command',
    hint: 'try again; a relay between restaple and the socket may cut lines',
  },
  refusal('Failed to get basic response from OCSP Response', 'it holds no answer that haproxy can read', inspect),
  refusal('Failed to get OCSP single response', 'it holds no answer that haproxy can read', inspect),
  {
    contains: 'Failed to update OCSP response',
    code: 'command-failed',
    message: 'haproxy could not keep the staple',
    hint: 'it may be out of memory: see its log',
  },
  {
    contains: "doesn't support OCSP stapling",
    code: 'command-failed',
    message: 'this haproxy was built without OCSP stapling',
    hint: 'use a haproxy that is built with OpenSSL: haproxy -vv names its library',
  },

  // set ssl cert, commit ssl cert
  { contains: 'certificate which is not referenced by the configuration', ...notLoaded },
  {
    contains: 'The ongoing transaction is about',
    code: 'no-slot',
    message: 'another change of a certificate is under way in haproxy',
    hint: 'see it with "show ssl cert", end it with "commit ssl cert" or "abort ssl cert", then try again',
  },
  {
    contains: 'Transaction updated for certificate',
    code: 'no-slot',
    message: 'another change of this certificate is under way in haproxy, and the staple is now part of it',
    hint: 'end it with "commit ssl cert" or "abort ssl cert", then try again',
  },
  {
    contains: 'impossible to compute the OCSP certificate ID',
    code: 'no-slot',
    message: 'haproxy cannot tell which staple fits: it does not have the issuer of this certificate',
    hint: "append the issuer to the certificate's file, or write it beside as FILE.issuer, and reload haproxy",
  },
  {
    contains: 'No ongoing transaction',
    code: 'command-failed',
    message: 'somebody else ended the change of this certificate in haproxy',
    hint: 'try again',
  },
  {
    contains: "Can't load the payload",
    code: 'staple-refused',
    message: 'haproxy could not read the staple',
    hint: inspect,
  },
  { contains: "Can't display the certificate: Not found", ...notLoaded },

  // any command
  {
    contains: 'too big for the buffer size',
    code: 'too-large',
    message: 'the command with this staple is longer than haproxy takes',
    hint: 'set a larger tune.bufsize in its global section and restart it, or reload haproxy: it reads the file itself',
  },
  {
    contains: 'Permission denied',
    code: 'permission-denied',
    message: 'this socket of haproxy may not do that: it has no "level admin"',
    hint: levelHint,
  },
  // The answer to a socket of the level user.
  {
    contains: "Can't allocate memory",
    code: 'permission-denied',
    message: 'this socket of haproxy shows no certificates, probably because it has no "level admin"',
    hint: levelHint,
  },
  {
    contains: "Can't find the target PID",
    code: 'not-running',
    message: 'haproxy has no such worker',
    hint: 'see the workers with "show proc" at the master socket; the current one is @1',
  },
  {
    contains: "Can't connect to the target CLI",
    code: 'not-running',
    message: 'the worker of haproxy does not answer its master',
    hint: 'see the workers with "show proc" at the master socket, and the log',
  },
  {
    contains: 'Unknown command',
    code: 'command-failed',
    message: 'this haproxy does not know the command',
    hint: 'it needs haproxy 2.2 or newer, built with OpenSSL: see haproxy -vv',
  },
];

/** Whether the reply to `set ssl ocsp-response` is the one that means success. */
export function saysUpdated(reply: string): boolean {
  return reply.includes('OCSP Response updated!');
}

/** Whether the reply is haproxy's word for a command that this version lacks. */
export function saysUnknownCommand(reply: string): boolean {
  return reply.includes('Unknown command');
}

/** The failure behind a reply that is not a success; `unexpected-reply` with its text where nobody knows it. */
export function failureOfReply(reply: string): TargetFailure {
  const known = knownFailureOfReply(reply);
  if (known !== undefined) return known;
  const text = excerptOf(reply);
  return new TargetFailure(
    'unexpected-reply',
    text === '' ? 'haproxy answered nothing' : `haproxy answered: ${text}`,
    "see haproxy's log, and whether it still staples the old response",
  );
}

/** The failure behind a reply of haproxy's that is in its table of refusals. */
export function knownFailureOfReply(reply: string): TargetFailure | undefined {
  const known = knownReplies.find(({ contains }) => reply.includes(contains));
  return known === undefined ? undefined : new TargetFailure(known.code, known.message, known.hint);
}

/** A reply without the `[6]: ` or `[info]: ` that severity-output puts before it. */
export function withoutSeverity(reply: string): string {
  return reply.replace(/^\s*\[(?:\d|[a-z]{3,7})\]: /, '');
}

/** The start of a reply on one line, for a message. */
export function excerptOf(reply: string): string {
  return beginningOf(Buffer.from(withoutSeverity(reply), 'latin1').toString('utf8').replace(/\s+/g, ' ').trim());
}
