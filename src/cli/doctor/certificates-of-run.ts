import { OcspError } from '../../core/index.js';
import type { RunCertificate } from '../../pipeline/doctor/refreshers.js';
import { readCertificateFile } from '../../source/certificate-file.js';
import { staplePathFor } from '../../store/staple-location.js';
import { BaseCommand } from '../base-command.js';
import { fetchFlags, type FetchFlags } from '../fetch/fetch-flags.js';
import { fetchOrderFrom, listOrder } from '../fetch/fetch-order.js';
import { withEnvironment, withoutEnvironment } from '../flags/flag.js';
import type { ParsedCommandLine } from '../config/fetch-settings.js';
import { Parser } from '@oclif/core';

/**
 * The certificates that `restaple fetch` with these words would take, each with its staple's place; what cannot be read is
 * left out.
 *
 * @throws OcspError `usage` for wrong words and a wrong configuration
 */
export async function certificatesOfRun(words: readonly string[]): Promise<RunCertificate[]> {
  const definitions = { ...withEnvironment(BaseCommand.baseFlags), ...fetchFlags };
  const flags = withoutEnvironment(definitions);
  const parsed = await Parser.parse([...words], { flags, strict: false });
  const paths = parsed.argv.map(String).filter((path) => path !== '-');
  const order = await fetchOrderFrom(parsed as unknown as ParsedCommandLine<FetchFlags>, definitions, paths);
  const { list } = await listOrder(order);
  const found: RunCertificate[] = [];
  for (let index = 0; index < list.length; index += 1) {
    const { path, failure, out = order.flags.out } = list.at(index);
    if (failure !== undefined) continue;
    try {
      const { certificate } = await readCertificateFile(path);
      found.push({ certificate: path, staple: staplePathFor(path, certificate, out) });
    } catch (error) {
      if (!(error instanceof OcspError)) throw error;
    }
  }
  return found;
}
