import { basename, dirname, join } from 'node:path';
import { shownPath } from '../../core/file-path.js';
import { definedOnly } from '../../core/defined-only.js';
import type { ServedPlace, UsedCertificate } from '../../servers/discovery.js';
import { staplePathFor } from '../../store/staple-location.js';
import { shownHostAndPort } from '../../system/host-and-port.js';
import { shellWord } from '../../system/shell-words.js';
import type { AdviceStep } from './doctor-report.js';
import type { Examination } from './examine-certificate.js';

type Subject = Pick<Examination, 'server' | 'used' | 'file'>;

/** Brings the staple to where the server reads it, tells the server, and proves it. */
export function stapleAdvice(subject: Subject): AdviceStep[] {
  const { used } = subject;
  if (used.ownFetching !== undefined) return settingAdvice(subject);
  const staple = used.stapleFile ?? staplePlaceFor(subject);
  return [run(fetchCommand(subject, staple)), run(proofCommand(subject, staple))];
}

/** The same where the server was not told of a staple yet. */
export function staplePlaceAdvice(subject: Subject): AdviceStep[] {
  const { server, used } = subject;
  // haproxy reads what lies beside the certificate.
  if (used.stapleFile !== undefined) return stapleAdvice(subject);
  const staple = staplePlaceFor(subject);
  const setting = used.settingFor?.(staple) ?? settings[server.name]?.(staple);
  if (setting === undefined) return stapleAdvice(subject);
  const file = used.position?.file ?? server.configurations[0] ?? '';
  const line = used.position?.line;
  return [
    run(`mkdir -p ${shellWord(dirname(staple))}`),
    run(fetchCommand(subject, staple, { isTold: false })),
    definedOnly({ do: 'edit', file, line, ...setting }),
    run(applyCommand(subject)),
    run(fetchCommand(subject, staple)),
    run(proofCommand(subject, staple)),
  ];
}

/** Has the server take its configuration and certificates as they are now. */
export function loadAdvice(subject: Subject): AdviceStep[] {
  return [run(applyCommand(subject)), run(proofCommand(subject, subject.used.stapleFile))];
}

/** The server's own fetching does not work: restaple in its place. */
export function settingAdvice(subject: Subject): AdviceStep[] {
  const { server, used } = subject;
  if (server.name !== 'nginx' || used.position === undefined) return [run(proofCommand(subject, undefined))];
  return staplePlaceAdvice(subject);
}

/** How a server is told of a staple's file: the lines, and where they go. */
const settings: Readonly<Record<string, NonNullable<UsedCertificate['settingFor']>>> = {
  nginx: (staple) => ({
    note: 'add after this line',
    text: `ssl_stapling on; ssl_stapling_file ${quotedForNginx(staple)};`,
  }),
  dnsdist: (staple) => ({
    note: 'add to the options of this call, one for each certificate in their order',
    text: `ocspResponses={${JSON.stringify(staple)}}`,
  }),
  hitch: (staple) => ({
    note: 'set in the pem-file of this line, and set ocsp-dir = ""',
    text: `ocsp-resp-file = ${JSON.stringify(staple)}`,
  }),
  lighttpd: (staple) => ({
    note: 'add after this line',
    text: `ssl.stapling-file = "${staple.replace(/["\\]/g, '\\$&')}"`,
  }),
};

function quotedForNginx(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `"${text.replace(/["\\]/g, '\\$&')}"`;
}

/** A staple that no line names yet: in haproxy's way beside the certificate, else in a folder beside the configuration. */
export function staplePlaceFor({ server, used, file }: Subject): string {
  if (server.name === 'haproxy' || file === undefined) return `${used.certificate}.ocsp`;
  const folder = join(dirname(server.configurations[0] ?? used.certificate), 'ocsp');
  const name = basename(shownPath(staplePathFor(used.certificate, file.certificate, '{lineage}.der')));
  return join(folder, name);
}

function fetchCommand({ server, used, file }: Subject, staple: string, { isTold = true } = {}): string {
  const isBeside = file !== undefined && shownPath(staplePathFor(used.certificate, file.certificate)) === staple;
  const out = isBeside ? [] : ['--out', shellWord(staple)];
  const [place] = used.places;
  const told = isTold && server.target !== undefined ? ['--reload', shellWord(server.target)] : [];
  const key = told.length > 0 && server.keyFile !== undefined ? ['--dnsdist-key-file', shellWord(server.keyFile)] : [];
  const confirm =
    isTold && place !== undefined && server.pid !== undefined ? ['--confirm', shellWord(placeText(place))] : [];
  return ['restaple fetch', ...out, ...told, ...key, ...confirm, shellWord(used.certificate)].join(' ');
}

/** `127.0.0.1:443#www.example`. */
export function placeText(place: ServedPlace): string {
  const name = place.serverName === undefined ? '' : `#${place.serverName}`;
  return `${shownHostAndPort(place)}${name}`;
}

function proofCommand({ used, file }: Subject, staple: string | undefined): string {
  const [place] = used.places;
  const isBeside =
    staple === undefined ||
    (file !== undefined && shownPath(staplePathFor(used.certificate, file.certificate)) === staple);
  const out = isBeside ? [] : ['--out', shellWord(staple)];
  if (place === undefined) return ['restaple verify', ...out, shellWord(used.certificate)].join(' ');
  const name = place.serverName === undefined ? [] : ['--servername', shellWord(place.serverName)];
  const starttls = place.starttls === undefined ? [] : ['--starttls', place.starttls];
  const connect = ['--connect', shellWord(shownHostAndPort(place)), ...name, ...starttls];
  return ['restaple verify', ...connect, ...out, shellWord(used.certificate)].join(' ');
}

/** Tests the new configuration, and has the server take it. */
function applyCommand({ server }: Subject): string {
  const [configuration = ''] = server.configurations;
  if (server.name === 'nginx') {
    const words = configuration === '/etc/nginx/nginx.conf' ? '' : ` -c ${shellWord(configuration)}`;
    return `nginx -t${words} && nginx -s reload${words}`;
  }
  if (server.name === 'haproxy') {
    const reload = 'systemctl reload haproxy';
    return `haproxy -c -f ${shellWord(configuration)} && ${reload}`;
  }
  return `systemctl restart ${server.name}`;
}

function run(command: string): AdviceStep {
  return { do: 'run', command };
}
