import { describe, expect, it } from 'vitest';

import { excerptOf, failureOfReply, saysUpdated, withoutSeverity } from '../../../../src/servers/haproxy/replies.js';

describe('the reply of haproxy to a staple', () => {
  it.each(['OCSP Response updated!', '[6]: OCSP Response updated!\n', '[info]: OCSP Response updated!'])(
    'is a success as %j',
    (reply) => {
      expect(saysUpdated(reply)).toBe(true);
    },
  );

  it.each(['', 'OCSP Response', 'Success!', 'OCSP single response: no longer valid..'])('is none as %j', (reply) => {
    expect(saysUpdated(reply)).toBe(false);
  });

  it.each([
    ['OCSP single response: no longer valid..', 'staple-refused', /expired or not yet valid/],
    ['OCSP single response: no longer valid. Must be valid during at least 300s..', 'staple-refused', /300 s/],
    ['OCSP single response: missing nextupdate.', 'staple-refused', /no nextUpdate/],
    ['OCSP single response: Invalid "Next Update" time.', 'staple-refused', /nextUpdate is not a time/],
    ['Unable to parse OCSP response.', 'staple-refused', /not an OCSP response/],
    ['OCSP response status not successful.', 'staple-refused', /refusal/],
    ['OCSP single response: certificate status is unknown.', 'staple-refused', /does not know the certificate/],
    ['OCSP response ignored because contains multiple single responses (2).', 'staple-refused', /several/],
    ['Failed to get basic response from OCSP Response.', 'staple-refused', /can read/],
    ['Failed to get OCSP single response.', 'staple-refused', /can read/],
    [
      'OCSP single response: Certificate ID does not match any certificate or issuer.',
      'no-slot',
      /no place for this staple/,
    ],
    ["'set ssl ocsp-response' received invalid base64 encoded response.", 'unexpected-reply', /damaged/],
    ["'set ssl ocsp-response' expects response in base64 encoding.", 'unexpected-reply', /did not reach/],
    ['Failed to update OCSP response.', 'command-failed', /could not keep/],
    [
      "HAProxy was compiled against a version of OpenSSL that doesn't support OCSP stapling.",
      'command-failed',
      /built without/,
    ],
    ['The command is too big for the buffer size. Please change tune.bufsize in …', 'too-large', /longer than/],
    ['The command line is too big for the buffer size. Please change …', 'too-large', /longer than/],
    ['Permission denied', 'permission-denied', /no "level admin"/],
    ['[3]: Permission denied', 'permission-denied', /no "level admin"/],
    ["Can't allocate memory!", 'permission-denied', /no "level admin"/],
    ["Can't find the target PID matching the prefix '@2'", 'not-running', /no such worker/],
    ["Can't connect to the target CLI!", 'not-running', /does not answer its master/],
    ['Unknown command, but maybe one of the following ones', 'command-failed', /does not know the command/],
    [
      "Can't replace a certificate which is not referenced by the configuration!\nCan't update /x.pem.ocsp!",
      'no-slot',
      /not loaded/,
    ],
    [
      "The ongoing transaction is about '/a.pem' but you are trying to set '/b.pem'",
      'no-slot',
      /another change of a certificate/,
    ],
    ['Transaction updated for certificate /a.pem!', 'no-slot', /now part of it/],
    ["No ongoing transaction! !\nCan't commit /nope.pem!", 'command-failed', /somebody else/],
    [
      "Error reading OCSP response in base64 formatCan't load the payload\nCan't update /a.pem.ocsp!",
      'staple-refused',
      /could not read/,
    ],
    [
      "'/a.pem.ocsp' is present and activates OCSP but it is impossible to compute the OCSP certificate ID (maybe the issuer could not be found)'.",
      'no-slot',
      /does not have the issuer/,
    ],
    ["Can't display the certificate: Not found or the certificate is a bundle!", 'no-slot', /not loaded/],
  ] as const)('%j is %s', (reply, code, message) => {
    const failure = failureOfReply(reply);
    expect(failure).toMatchObject({ code, message: expect.stringMatching(message) as string });
    expect(failure.hint).not.toBe('');
  });

  it('is shown as it came where nobody knows it', () => {
    expect(failureOfReply('[3]: Something \n  new')).toMatchObject({
      code: 'unexpected-reply',
      message: 'haproxy answered: Something new',
    });
  });

  it('is called nothing where it is empty', () => {
    expect(failureOfReply('\n')).toMatchObject({ code: 'unexpected-reply', message: 'haproxy answered nothing' });
  });

  it('is shown in part where it is long', () => {
    expect(excerptOf('x'.repeat(5000))).toBe(`${'x'.repeat(200)}…`);
  });

  it('loses the prefix of severity-output and no other bracket', () => {
    expect(withoutSeverity('[err]: no')).toBe('no');
    expect(withoutSeverity('[::1]: no')).toBe('[::1]: no');
  });
});
