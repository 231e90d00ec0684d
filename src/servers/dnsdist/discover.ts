import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { definedOnly } from '../../core/defined-only.js';
import { parseHostAndPort, shownHostAndPort } from '../../system/network/host-and-port.js';
import { reachableHost } from '../../system/network/listening-sockets.js';
import { shellWord } from '../../system/shell-words.js';
import { fileIn, longOption, optionValue } from '../command-line.js';
import type { Discoverer, FoundServer, ServerInstance, UsedCertificate } from '../discovery.js';
import { createConfigurationReader, type ConfigurationReader } from '../included-files.js';
import { askDnsdist } from './ask.js';
import type { DnsdistConfiguration, Frontend } from './configuration.js';
import { luaCalls, type LuaCall, type LuaTable, type LuaValue } from './lua-calls.js';
import { luaMistake } from './lua-syntax.js';
import { readDnsdistYaml } from './yaml-configuration.js';

/** The calls that make frontends. */
const calls: ReadonlyMap<string, { readonly usualPort: number; readonly isQuic: boolean }> = new Map([
  ['addTLSLocal', { usualPort: 853, isQuic: false }],
  ['addDOHLocal', { usualPort: 443, isQuic: false }],
  ['addDOQLocal', { usualPort: 853, isQuic: true }],
  ['addDOH3Local', { usualPort: 443, isQuic: true }],
]);
const names = new Set([...calls.keys(), 'setKey', 'controlSocket', 'includeDirectory']);
const usualConsolePort = 5199;

/** A call and the file that it is in. */
type PlacedCall = LuaCall & { readonly file: string };

/** What dnsdist serves, by its YAML, and by the plain calls of its Lua. */
export function discoverDnsdist({ running, configurations }: ServerInstance): FoundServer {
  const reader = createConfigurationReader('dnsdist');
  const parts = filesOf(configurations[0] ?? '').map((file) =>
    file.endsWith('.yml') ? readDnsdistYaml(file, reader) : luaConfiguration(file, reader),
  );
  const socket = parts.findLast((one) => one.console !== undefined)?.console;
  const keyFile = parts.findLast((one) => one.keyFile !== undefined)?.keyFile;
  const address = socket === undefined ? undefined : parseHostAndPort(socket, usualConsolePort);
  const place = address === undefined ? undefined : { ...address, host: reachableHost(address.host) };
  const folder = running?.workingFolder ?? '/';
  const certificates = parts.flatMap(({ frontends }) => frontends.flatMap((one) => certificatesOf(one, folder)));
  if (certificates.length > 0 && (place === undefined || keyFile === undefined)) {
    const isYaml = reader.files[0]?.endsWith('.yml') === true;
    const lines = isYaml
      ? 'console: { listen_address: "127.0.0.1:5199", key: "…" }'
      : 'controlSocket("127.0.0.1:5199") and setKey("…")';
    const hint = `add ${lines}, with a key that makeKey() in its console makes`;
    reader.remark('not-asked', 'dnsdist has no console with a key, so it can be neither asked nor told', hint);
  }
  return definedOnly({
    name: 'dnsdist',
    pid: running?.pid,
    configurations: reader.files,
    reader: running,
    certificates,
    target: place === undefined || keyFile === undefined ? undefined : `dnsdist:${shownHostAndPort(place)}`,
    control: place === undefined ? undefined : { address: place },
    keyFile: place === undefined ? undefined : keyFile,
    remarks: reader.remarks,
  });
}

/** From 2.0 on a YAML and a Lua file of one name belong together, the one that was named being read in any case. */
function filesOf(configuration: string): string[] {
  const [, stem, ending] = /^(.*)\.(yml|lua)$/.exec(configuration) ?? [];
  if (stem === undefined) return [configuration];
  const other = `${stem}.${ending === 'yml' ? 'lua' : 'yml'}`;
  if (!existsSync(other)) return [configuration];
  return ending === 'yml' ? [other, configuration] : [configuration, other];
}

function luaConfiguration(configuration: string, reader: ConfigurationReader): DnsdistConfiguration {
  const found = callsIn(configuration, reader);
  const socket = found.findLast(({ name }) => name === 'controlSocket')?.values?.[0];
  return definedOnly({
    frontends: found.flatMap((call) => frontendOf(call, reader) ?? []),
    console: typeof socket === 'string' ? socket : undefined,
    keyFile: found.findLast(({ name }) => name === 'setKey')?.file,
  });
}

function callsIn(file: string, reader: ConfigurationReader): PlacedCall[] {
  return callsOf(file, reader).flatMap((call): PlacedCall[] => {
    const [folder] = call.values ?? [];
    if (call.name !== 'includeDirectory' || typeof folder !== 'string') return [call];
    return reader.included('*.conf', folder).flatMap((one) => callsOf(one, reader));
  });
}

function callsOf(file: string, reader: ConfigurationReader): PlacedCall[] {
  const text = reader.read(file) ?? '';
  const mistake = luaMistake(text);
  if (mistake !== undefined) {
    const message = `${file}:${mistake.line}: this is not Lua: ${mistake.what}`;
    reader.remark('unreadable', message, 'have dnsdist check it before its next start');
  }
  return luaCalls(text, names).map((call) => ({ ...call, file }));
}

function frontendOf({ name, values, file, line }: PlacedCall, reader: ConfigurationReader): Frontend | undefined {
  const kind = calls.get(name);
  if (kind === undefined) return undefined;
  const [address, certificates] = values ?? [];
  const place = typeof address === 'string' ? parseHostAndPort(address, kind.usualPort) : undefined;
  if (values === undefined || place === undefined) {
    const message = `${file}:${line}: the arguments of ${name} are not plain texts and tables`;
    reader.remark('not-understood', message, 'name its certificates to restaple yourself');
    return undefined;
  }
  const options = values.findLast(isTable);
  const others = textsIn(options?.fields.get('additionalAddresses'));
  return {
    addresses: [place, ...others.flatMap((one) => parseHostAndPort(one, kind.usualPort) ?? [])],
    certificates: textsIn(certificates),
    staples: textsIn(options?.fields.get('ocspResponses')),
    isQuic: kind.isQuic,
    position: { file, line },
  };
}

function certificatesOf(frontend: Frontend, folder: string): UsedCertificate[] {
  const { addresses, certificates, staples, isQuic, position } = frontend;
  const places = addresses.map(({ host, port }) => ({ host: reachableHost(host), port }));
  if (isQuic) return certificates.map((one) => overQuic(resolve(folder, one), frontend));
  return certificates.map((certificate, index) =>
    definedOnly({
      certificate: resolve(folder, certificate),
      places,
      position,
      // The order of the staples is that of the certificates.
      stapleFile: staples[index] === undefined ? undefined : resolve(folder, staples[index]),
      settingFor: position.file.endsWith('.yml') ? yamlSetting : undefined,
    }),
  );
}

const yamlSetting: NonNullable<UsedCertificate['settingFor']> = (staple) => ({
  note: 'add to "tls" of this bind, one for each certificate in their order',
  text: `ocsp_response_files: [${JSON.stringify(staple)}]`,
});

/** By QUIC dnsdist sends no staples; nor would a handshake over TCP show what it sends. */
function overQuic(certificate: string, { addresses, staples, position }: Frontend): UsedCertificate {
  const where = addresses.map(shownHostAndPort).join(', ');
  const message = `${position.file}:${position.line}: dnsdist does not read ocspResponses for QUIC`;
  return definedOnly({
    certificate,
    places: [],
    position,
    cannotStaple: `served by QUIC at ${where} (UDP), where dnsdist staples nothing and a TLS handshake shows nothing`,
    remarks: staples.length === 0 ? undefined : [{ code: 'setting', message, hint: 'leave the option out' } as const],
  });
}

function isTable(value: LuaValue): value is LuaTable {
  return typeof value === 'object';
}

function textsIn(value: LuaValue): string[] {
  const values = isTable(value) ? value.items : [value];
  return values.filter((one) => typeof one === 'string');
}

export const discoverer: Discoverer = {
  name: 'dnsdist',
  program: /^dnsdist$/,
  usualConfiguration: '/etc/dnsdist/dnsdist.conf',
  configurationsOf: (running) =>
    fileIn(running, optionValue(running.arguments, '-C') ?? longOption(running, '--config') ?? usualYaml()),
  discover: discoverDnsdist,
  ask: askDnsdist,
  settingFor: (staple) => ({
    note: 'add to the options of this call, one for each certificate in their order',
    text: `ocspResponses={${JSON.stringify(staple)}}`,
  }),
  testCommand: (configuration) => `dnsdist --check-config -C ${shellWord(configuration)}`,
};

/** dnsdist 2.0 and newer prefers it to dnsdist.conf. */
function usualYaml(): string | undefined {
  const file = '/etc/dnsdist/dnsdist.yml';
  return existsSync(file) ? file : undefined;
}
