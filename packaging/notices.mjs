// The licences of the packages in a bundle, by what esbuild read for it.
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';

const preamble =
  'The program and the library contain these packages, in whole or in part. Each is under its own licence, which follows it.';
const line = '='.repeat(100);

/**
 * The text of THIRD-PARTY-NOTICES: each package in these bundles with its version, its licence and its licence files.
 *
 * @param metafiles of esbuild, with paths relative to `root`
 * @throws Error for a package whose licence text was not found
 */
export async function noticesOf(metafiles, root) {
  const inputs = metafiles.flatMap(({ outputs }) =>
    Object.values(outputs).flatMap((output) => Object.entries(output.inputs)),
  );
  const folders = new Set(
    inputs.flatMap(([path, { bytesInOutput }]) => (bytesInOutput > 0 ? packageFolder(path) : [])),
  );
  const packages = await Promise.all([...folders].map((folder) => readPackage(join(root, folder))));
  packages.sort((a, b) => (a.title < b.title ? -1 : 1));
  const notices = packages.map((one) => `${line}\n${one.title}\n${line}\n\n${licenceText(one, packages)}\n`);
  return [`${preamble}\n`, ...notices].join('\n');
}

/** That of the innermost package; an input may have the namespace of a plugin before it. */
function packageFolder(input) {
  return /^(.*\bnode_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(input.replace(/^[\w-]+:/, ''))?.slice(1) ?? [];
}

async function readPackage(folder) {
  const { name, version, license, repository } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'));
  const files = (await readdir(folder)).filter((file) => /^(?:licen[cs]e|copying|notice)/i.test(file)).sort();
  const texts = await Promise.all(files.map((file) => readFile(join(folder, file), 'utf8')));
  const text = texts
    .map((one) =>
      one
        .replaceAll('\r\n', '\n')
        .replace(/[ \t]+$/gm, '')
        .trim(),
    )
    .join('\n\n');
  return { name, license, title: `${name} ${version} (${license})`, repository: repository?.url ?? repository, text };
}

/** A package of a repository of many may come without the file that the others have. */
function licenceText({ name, license, repository, text }, packages) {
  if (text !== '') return text;
  const sibling = packages.find(
    (one) => one.text !== '' && one.license === license && repository !== undefined && one.repository === repository,
  );
  if (sibling === undefined) throw new Error(`no licence text was found for the bundled package ${name}`);
  return `The package has no licence file. This is that of ${sibling.name}, which is of the same repository:\n\n${sibling.text}`;
}
