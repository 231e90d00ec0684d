import { resolve } from 'node:path';
import { definedOnly } from '../../core/defined-only.js';
import { parseHostAndPort, shownHostAndPort } from '../../system/host-and-port.js';
import { reachableHost } from '../../system/listening-sockets.js';
import { createConfigurationReader, type ConfigurationReader } from '../included-files.js';
import type { FoundServer, ServerInstance, UsedCertificate } from '../discovery.js';
import { luaCalls, type LuaCall, type LuaTable, type LuaValue } from './lua-calls.js';

const frontends: ReadonlyMap<string, number> = new Map([
  ['addTLSLocal', 853],
  ['addDOHLocal', 443],
]);
const names = new Set([...frontends.keys(), 'setKey', 'controlSocket', 'includeDirectory']);
const usualConsolePort = 5199;

/** A call and the file that it is in. */
type PlacedCall = LuaCall & { readonly file: string };

/** What dnsdist serves, by the plain calls of its Lua configuration. */
export function discoverDnsdist({ running, configurations }: ServerInstance): FoundServer {
  const reader = createConfigurationReader('dnsdist');
  const [configuration = ''] = configurations;
  const folder = running?.workingFolder ?? '/';
  const calls = /\.ya?ml$/.test(configuration) ? notLua(configuration, reader) : callsIn(configuration, reader);
  const socket = calls.findLast(({ name }) => name === 'controlSocket')?.values?.[0];
  const key = calls.findLast(({ name }) => name === 'setKey');
  const address = typeof socket === 'string' ? parseHostAndPort(socket, usualConsolePort) : undefined;
  const place = address === undefined ? undefined : { ...address, host: reachableHost(address.host) };
  return definedOnly({
    name: 'dnsdist',
    pid: running?.pid,
    configurations: reader.files,
    reader: running,
    certificates: calls.flatMap((call) => certificatesOf(call, folder, reader)),
    target: place === undefined || key === undefined ? undefined : `dnsdist:${shownHostAndPort(place)}`,
    control: place === undefined ? undefined : { address: place },
    keyFile: place === undefined ? undefined : key?.file,
    remarks: reader.remarks,
  });
}

function notLua(configuration: string, reader: ConfigurationReader): PlacedCall[] {
  const hint = 'name its certificates to restaple yourself';
  reader.remark('not-understood', `${configuration} is the YAML configuration of dnsdist, which is not read`, hint);
  return [];
}

function callsIn(file: string, reader: ConfigurationReader): PlacedCall[] {
  const calls = luaCalls(reader.read(file) ?? '', names).map((call) => ({ ...call, file }));
  return calls.flatMap((call): PlacedCall[] => {
    const [folder] = call.values ?? [];
    if (call.name !== 'includeDirectory' || typeof folder !== 'string') return [call];
    return reader
      .included('*.conf', folder)
      .flatMap((one) => luaCalls(reader.read(one) ?? '', names).map((inner) => ({ ...inner, file: one })));
  });
}

function certificatesOf(call: PlacedCall, folder: string, reader: ConfigurationReader): UsedCertificate[] {
  const usualPort = frontends.get(call.name);
  if (usualPort === undefined) return [];
  const [address, certificates] = call.values ?? [];
  const place = typeof address === 'string' ? parseHostAndPort(address, usualPort) : undefined;
  if (call.values === undefined || place === undefined) {
    const message = `${call.file}:${call.line}: the arguments of ${call.name} are not plain texts and tables`;
    reader.remark('not-understood', message, 'name its certificates to restaple yourself');
    return [];
  }
  const options = call.values.findLast(isTable);
  const staples = textsIn(options?.fields.get('ocspResponses'));
  return textsIn(certificates).map((certificate, index) =>
    definedOnly({
      certificate: resolve(folder, certificate),
      places: [{ host: reachableHost(place.host), port: place.port }],
      position: { file: call.file, line: call.line },
      // The order of the staples is that of the certificates.
      stapleFile: staples[index] === undefined ? undefined : resolve(folder, staples[index]),
    }),
  );
}

function isTable(value: LuaValue): value is LuaTable {
  return typeof value === 'object';
}

function textsIn(value: LuaValue): string[] {
  const values = isTable(value) ? value.items : [value];
  return values.filter((one) => typeof one === 'string');
}
