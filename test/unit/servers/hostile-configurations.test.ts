import { describe, expect, it } from 'vitest';

import type { DiscoveryTools, FoundServer } from '../../../src/servers/discovery.js';
import { discoverers } from '../../support/discoverers.js';
import { withTemporaryFolder } from '../../support/temporary-folder.js';

const tools: DiscoveryTools = {
  limits: { timeoutMilliseconds: 1000, signal: new AbortController().signal },
  environment: {},
  randomBytes: (count) => new Uint8Array(count),
};

/** What is found in a configuration; others may be written by whoever starts a process with the name of a server. */
async function foundIn(server: string, text: string, name = 'server.conf', others: Record<string, string> = {}) {
  return await withTemporaryFolder((folder): FoundServer => {
    for (const [path, contents] of Object.entries(others)) folder.write(path, contents);
    const configuration = folder.write(name, text.replaceAll('FOLDER', folder.path));
    return discoverers.find((one) => one.name === server)!.discover({ configurations: [configuration] }, tools);
  });
}

function said({ remarks }: FoundServer): string {
  return remarks.map(({ message }) => message).join('\n');
}

const many = 300_000;

// Each of these took minutes, all memory or the stack.
describe('a configuration that is made to keep doctor busy', () => {
  it('is of lighttpd: blanks, escaped quotes, and conditions in conditions', async () => {
    const condition = '$HTTP["host"] == "a" {\n';
    expect(said(await foundIn('lighttpd', `$${' '.repeat(many)}x\n`))).toContain('neither a setting');
    expect(said(await foundIn('lighttpd', `a = "${'\\"'.repeat(many)}\n`))).toContain('does not end');
    const deep = await foundIn('lighttpd', `${condition.repeat(20_000)}ssl.pemfile = "/x"\n`);
    expect(said(deep)).toContain('conditions deeper than 64 levels were not read');
  });

  it('is of nginx: long words and quotes, variables that do not end, and Lua', async () => {
    const rest = 'http { server { listen 1 ssl; ssl_certificate /a; } }';
    const certificates = async (text: string): Promise<unknown> =>
      (await foundIn('nginx', `${text}\n${rest}`)).certificates.map(({ certificate }) => certificate);
    expect(await certificates(`x ${'a'.repeat(15_000_000)};`)).toEqual(['/a']);
    expect(said(await foundIn('nginx', `x "${'a'.repeat(15_000_000)}";`))).toContain('a quote that begins here');
    expect(said(await foundIn('nginx', '${'.repeat(many)))).toContain('a "}" is missing');
    for (const lua of ['"\\a', '[', '[=', '--[[']) {
      expect(said(await foundIn('nginx', `a_by_lua_block { ${lua.repeat(many)}`))).toBe('');
    }
  });

  it('is of hitch: a quote that is not closed is said, and ends what is read', async () => {
    const found = await foundIn('hitch', `pem-file = "/a"\n"${'x=\\"\n'.repeat(many)}`);
    expect(said(found)).toContain(':2: " was not expected here');
    expect(found.certificates.map(({ certificate }) => certificate)).toEqual(['/a']);
  });

  it('is of dnsdist in Lua: a long text, and a folder with signs of patterns in its name', async () => {
    const frontend = 'addTLSLocal("127.0.0.1:853", "/a", "/b")\n';
    const long = await foundIn('dnsdist', `x = "${'a'.repeat(15_000_000)}"\n${frontend}`);
    expect(long.certificates.map(({ certificate }) => certificate)).toEqual(['/a']);
    const found = await foundIn('dnsdist', 'includeDirectory("FOLDER/**")\n', 'dnsdist.conf', {
      '**/one.conf': frontend,
      'other/two.conf': frontend.replace('/a', '/other'),
    });
    expect(found.certificates.map(({ certificate }) => certificate)).toEqual(['/a']);
  });

  it('is of dnsdist in YAML: empty lines, aliases, keys, and size', async () => {
    const aliases = `x: &a {protocol: dot}\nbinds: [${'*a,'.repeat(many)}*a]\n`;
    expect((await foundIn('dnsdist', aliases, 'a.yml')).certificates).toEqual([]);
    expect(said(await foundIn('dnsdist', `a: 1\n${'\n'.repeat(many * 3)}b: 2\n`, 'a.yml'))).toBe('');
    const keys = Array.from({ length: 80_000 }, (_none, index) => `k${index}: 1\n`).join('');
    expect(said(await foundIn('dnsdist', keys, 'a.yml'))).toBe('');
    expect(said(await foundIn('dnsdist', `${keys}k7: 1\n`, 'a.yml'))).toContain('a.yml:80001: Map keys must be unique');
    expect(said(await foundIn('dnsdist', '- \n'.repeat(5_000_000), 'a.yml'))).toContain('was not read');
  });

  it('is of haproxy: many variables', async () => {
    const variables = Array.from({ length: 60_000 }, (_none, index) => ` setenv K${index} v${index}\n`).join('');
    const bind = 'frontend f\n bind :443 ssl crt "/$K59999"\n';
    const found = await foundIn('haproxy', `global\n${variables}${bind}`);
    expect(found.certificates.map(({ certificate }) => certificate)).toEqual(['/v59999']);
  });

  it('has a pattern with many wildcards', async () => {
    for (const pattern of ['*a*a*a*a*a*a*a*a*a*a*b', '*/*/*/*/*']) {
      const name = `${'a'.repeat(250)}.conf`;
      const found = await foundIn('nginx', `include FOLDER/d/${pattern};\n`, 'nginx.conf', { [`d/${name}`]: '' });
      expect(said(found)).toContain('has too many wildcards');
    }
    const usual = await foundIn('nginx', 'include FOLDER/d*/*.conf;\n', 'nginx.conf', {
      'd/one.conf': '',
      'd/two': '',
    });
    expect(usual.configurations.map((path) => path.replace(/.*\//, ''))).toEqual(['nginx.conf', 'one.conf']);
  });
});

it('is no bug of restaple where a pattern is longer than any path, or a variable is called as what every object has', async () => {
  const include = `include ${'a'.repeat(70_000)}*.conf;`;
  const found = await foundIn('nginx', `http { ${include} server { listen 443 ssl; ssl_certificate /a; } }`);
  expect(found.certificates.map(({ certificate }) => certificate)).toEqual(['/a']);
  const bind = 'bind 127.0.0.1:443 ssl crt "/${constructor}/${set}.pem"';
  const text = `global\n  setenv set here\nfrontend f\n  ${bind}\n`;
  const certificates = (await foundIn('haproxy', text, 'haproxy.cfg')).certificates.map(
    ({ certificate }) => certificate,
  );
  expect(certificates.join()).toContain('/here.pem');
  expect(certificates.join()).not.toContain('function');
});
