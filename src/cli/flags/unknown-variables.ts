import { editDistance, nearestWord } from './nearest-word.js';

const prefix = 'RESTAPLE_';

/** Read by what comes with the program, given to the commands of --on-updated, or set for reasons of their own. */
const others: ReadonlySet<string> = new Set([
  'CERT',
  'CERTBOT_SETTINGS',
  'FETCH',
  'INSTALL',
  'LOCK',
  'NEXT_UPDATE',
  'RELOAD',
  'REQUIRE_STAPLE',
  'STAPLE',
  'STATUS',
  'TEST_ALL',
  'VERSION',
  // By Kubernetes, of a service of this name.
  'PORT',
]);

/**
 * A line for each of these variables that has no effect but looks as if it should.
 *
 * @param names of variables, none of them among `read`
 * @param read the variables that the command reads
 * @param several its flags that no variable stands for, since they may be given several times
 */
export function unknownVariables(
  names: readonly string[],
  read: readonly string[],
  several: readonly string[],
): string[] {
  return names.flatMap((name) => {
    const meant = meantVariable(name, read);
    if (meant !== undefined) return [`the variable ${name} has no effect: did you mean ${meant}?`];
    const flag = name.startsWith(prefix) ? name.slice(prefix.length).toLowerCase().replaceAll('_', '-') : '';
    if (flag === 'reload' || !several.includes(flag)) return [];
    return [`the variable ${name} has no effect: --${flag} may be given several times and has no variable`];
  });
}

function meantVariable(name: string, read: readonly string[]): string | undefined {
  const upper = name.toUpperCase();
  if (upper !== name && read.includes(upper)) return upper;
  const [first = ''] = upper.split('_', 1);
  const rest = upper.slice(first.length + 1);
  if (`${first}_` !== prefix) {
    const corrected = prefix + rest;
    return editDistance(`${first}_`, prefix) <= 2 && read.includes(corrected) ? corrected : undefined;
  }
  if (others.has(rest) || /^(?:SERVICE|PORT)_/.test(rest)) return undefined;
  const meant = nearestWord(
    rest,
    read.filter((one) => one.startsWith(prefix)).map((one) => one.slice(prefix.length)),
  );
  return meant === undefined ? undefined : prefix + meant;
}
