import { BaseCommand } from '../cli/base-command.js';
import type { ExitCode } from '../cli/exit/exit-code.js';
import { runServe } from '../cli/serve/run-serve.js';
import { serveFlags } from '../cli/serve/serve-flags.js';

export default class Serve extends BaseCommand {
  static override description = `Answer OCSP requests for the certificates of your own CA.

A responder by RFC 6960 and RFC 5019 over openssl's index.txt or a CRL, which are read again when they change. It answers
POST and GET, with the hash that was asked for and the nonce that was sent, and lets caches keep answers without a nonce. A
serial number that the source does not list is unknown, a certificate of another CA unauthorized. SIGTERM and SIGINT end it
with 0 once running requests are answered. It has no TLS, and needs none: answers are signed.`;
  static override usage = [
    '--ca-cert FILE --ca-key FILE (--index FILE | --crl FILE) [FLAG...]',
    '--ca-cert FILE --responder-cert FILE --responder-key FILE (--index FILE | --crl FILE) [FLAG...]',
  ];
  static override exits = [8, 9] as const;
  static override variables = ['RESTAPLE_PASSPHRASE'];
  static override manual = ['docs/private-pki.md', 'docs/errors.md'];
  static override examples = [
    '<%= config.bin %> serve --ca-cert ca.pem --ca-key ca.key --index demoCA/index.txt',
    '<%= config.bin %> serve --ca-cert ca.pem --responder-cert ocsp.pem --responder-key ocsp.key --index index.txt --listen 0.0.0.0:2560',
    '<%= config.bin %> serve --ca-cert ca.pem --ca-key ca.key --crl ca.crl --issued demoCA/newcerts --minutes 30',
    '<%= config.bin %> serve --json --ca-cert ca.pem --ca-key ca.key --index index.txt >> /var/log/ocsp.jsonl',
  ];
  static override flags = serveFlags;

  protected async work(): Promise<ExitCode> {
    const { flags } = await this.read(Serve);
    return await runServe(flags, await this.outputFor(flags));
  }
}
