import { basename, dirname, join } from 'node:path';
import { shownPath } from '../../core/file-path.js';
import { definedOnly } from '../../core/defined-only.js';
import { placesToAsk, type ServedPlace } from '../../servers/discovery.js';
import { staplePathFor } from '../../store/staple-location.js';
import { shownHostAndPort } from '../../system/network/host-and-port.js';
import { changeableByOthers } from '../../system/root-only.js';
import { shellWord } from '../../system/shell-words.js';
import type { AdviceStep } from './doctor-report.js';
import type { Examination } from './examine-certificate.js';

type Subject = Pick<Examination, 'server' | 'discoverer' | 'used' | 'file'>;

/** Brings the staple to where the server reads it, tells the server, and proves it. */
export function stapleAdvice(subject: Subject): AdviceStep[] {
  const { used } = subject;
  if (used.noStapleFile !== undefined) return [run(proofCommand(subject, undefined))];
  if (used.ownFetching !== undefined) return settingAdvice(subject);
  const staple = used.stapleFile ?? staplePlaceFor(subject);
  return [run(fetchCommand(subject, staple)), run(proofCommand(subject, staple))];
}

/** Lets the server's user read the staple, which is no secret; a folder that is closed to that user is left to people. */
export function readableAdvice({ staple }: Pick<Examination, 'staple'>): AdviceStep[] {
  const { obstacle, file = '', verdict } = staple ?? {};
  if (obstacle?.startsWith(`${file} `) !== true) return [];
  // Any user may start a program that has a server's name, and name any file as its staple, or soon put a link there.
  const isSurelyStaple = verdict === 'good' && changeableByOthers(file) === undefined;
  return isSurelyStaple ? [run(`chmod a+r ${shellWord(file)}`)] : [];
}

/** The same where the server was not told of a staple yet. */
export function staplePlaceAdvice(subject: Subject): AdviceStep[] {
  const { server, discoverer, used } = subject;
  if (used.ownFetchingEdits !== undefined) {
    const edits = used.ownFetchingEdits.map((edit): AdviceStep => ({ do: 'edit', ...edit }));
    return [...edits, run(applyCommand(subject)), run(proofCommand(subject, undefined))];
  }
  if (used.stapleFile !== undefined) return stapleAdvice(subject);
  const staple = staplePlaceFor(subject);
  const setting = used.settingFor?.(staple) ?? discoverer.settingFor?.(staple, used);
  if (setting === undefined) return stapleAdvice(subject);
  const { text, note } = setting;
  const file = used.position?.file ?? server.configurations[0] ?? '';
  const place = used.stapleSettingAt ?? { file, line: used.position?.line, note };
  return [
    run(`mkdir -p ${shellWord(dirname(staple))}`),
    run(fetchCommand(subject, staple, { isTold: false })),
    definedOnly({ do: 'edit', ...place, text }),
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
  const { discoverer, used } = subject;
  if (discoverer.prefersFile === true && used.position !== undefined) return staplePlaceAdvice(subject);
  return [run(proofCommand(subject, undefined))];
}

/** A staple that no line names yet: beside the certificate where the server looks there, else in a folder beside the configuration. */
export function staplePlaceFor({ server, discoverer, used, file }: Subject): string {
  if (discoverer.readsBeside === true || file === undefined) return `${used.certificate}.ocsp`;
  const folder = server.stapleFolder ?? join(dirname(server.configurations[0] ?? used.certificate), 'ocsp');
  const name = basename(shownPath(staplePathFor(used.certificate, file.certificate, '{lineage}.der')));
  return join(folder, name);
}

function fetchCommand({ server, used, file }: Subject, staple: string, { isTold = true } = {}): string {
  const isBeside = file !== undefined && shownPath(staplePathFor(used.certificate, file.certificate)) === staple;
  const out = isBeside ? [] : ['--out', shellWord(staple)];
  const [place] = placesToAsk(used, 1);
  // What does not run reads its files when it starts.
  const told =
    isTold && server.target !== undefined && server.pid !== undefined ? ['--reload', shellWord(server.target)] : [];
  const key = told.length > 0 && server.keyFile !== undefined ? ['--dnsdist-key-file', shellWord(server.keyFile)] : [];
  const confirm =
    isTold && place !== undefined && server.pid !== undefined
      ? ['--confirm', shellWord(placeText(place)), ...starttlsWords(place)]
      : [];
  return ['restaple fetch', ...out, ...told, ...key, ...confirm, shellWord(used.certificate)].join(' ');
}

/** `127.0.0.1:443#www.example`. */
export function placeText(place: ServedPlace): string {
  const name = place.serverName === undefined ? '' : `#${place.serverName}`;
  return `${shownHostAndPort(place)}${name}`;
}

function proofCommand({ server, used, file }: Subject, staple: string | undefined): string {
  const [place] = server.pid === undefined ? [] : placesToAsk(used, 1);
  const isBeside =
    staple === undefined ||
    (file !== undefined && shownPath(staplePathFor(used.certificate, file.certificate)) === staple);
  const out = isBeside ? [] : ['--out', shellWord(staple)];
  if (place === undefined) return ['restaple verify', ...out, shellWord(used.certificate)].join(' ');
  const name = place.serverName === undefined ? [] : ['--servername', shellWord(place.serverName)];
  const connect = ['--connect', shellWord(shownHostAndPort(place)), ...name, ...starttlsWords(place)];
  return ['restaple verify', ...connect, ...out, shellWord(used.certificate)].join(' ');
}

function starttlsWords({ starttls }: ServedPlace): string[] {
  return starttls === undefined ? [] : ['--starttls', starttls];
}

/** Tests the new configuration, and has the server take it. */
function applyCommand({ server, discoverer }: Subject): string {
  const [configuration = ''] = server.configurations;
  const test = discoverer.testCommand?.(configuration);
  if (server.pid === undefined && test !== undefined) return test;
  if (server.applyCommand !== undefined) return server.applyCommand;
  const restart = `systemctl restart ${shellWord(server.unit ?? server.name)}`;
  const reload = discoverer.reloadCommand?.(configuration, server.unit) ?? restart;
  return test === undefined ? reload : `${test} && ${reload}`;
}

function run(command: string): AdviceStep {
  return { do: 'run', command };
}
