import {
  Composer,
  LineCounter,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  visit,
  type Document,
  type Node,
  type YAMLMap,
} from 'yaml';
import { definedOnly } from '../../core/defined-only.js';
import { oncePer } from '../../core/once-per.js';
import { parseHostAndPort } from '../../system/network/host-and-port.js';
import { yamlTokens } from '../../system/yaml-tokens.js';
import type { ConfigurationReader } from '../included-files.js';
import type { DnsdistConfiguration, Frontend } from './configuration.js';

/** Rules are lists of selectors of selectors; YAML's composer calls itself for each level. */
const deepestValue = 64;

/** A token takes hundreds of octets of memory. */
const largestText = 1024 * 1024;

/** Protocols of `binds`, lower case, that have certificates. */
const protocols: ReadonlyMap<string, { readonly usualPort: number; readonly isQuic: boolean }> = new Map([
  ['dot', { usualPort: 853, isQuic: false }],
  ['doh', { usualPort: 443, isQuic: false }],
  ['doq', { usualPort: 853, isQuic: true }],
  ['doh3', { usualPort: 443, isQuic: true }],
]);

/** What the YAML configuration of dnsdist 2.0 and newer says of frontends and console (dnsdist.org, YAML reference). */
export function readDnsdistYaml(file: string, reader: ConfigurationReader): DnsdistConfiguration {
  const text = reader.read(file) ?? '';
  const hint = 'have dnsdist check it before its next start';
  if (text.length > largestText) {
    reader.remark('unreadable', `${file}: it has more than ${largestText} characters, and was not read`);
    return { frontends: [] };
  }
  const lines = new LineCounter();
  const tokens = yamlTokens(text, deepestValue, lines);
  if (!Array.isArray(tokens)) {
    reader.remark('unreadable', `${file}:${tokens.tooDeepAt}: nested deeper than ${deepestValue} levels`, hint);
    return { frontends: [] };
  }
  // As dnsdist reads texts: `853` in a list of addresses is none of its numbers. The composer compares each key with each.
  const composer = new Composer({ schema: 'failsafe', logLevel: 'silent', merge: false, uniqueKeys: false });
  const [document, second] = [...composer.compose(tokens, true, text.length)];
  const [mistake] = document?.errors ?? [];
  if (document === undefined || mistake !== undefined || second !== undefined) {
    const line = mistake === undefined ? 1 : lines.linePos(mistake.pos[0]).line;
    reader.remark('unreadable', `${file}:${line}: ${mistake?.message ?? 'expected one YAML document'}`, hint);
    return { frontends: [] };
  }
  const repeated = repeatedKey(document);
  if (repeated !== undefined) {
    const { line } = lines.linePos(repeated.range?.[0] ?? 0);
    reader.remark('unreadable', `${file}:${line}: Map keys must be unique`, hint);
    return { frontends: [] };
  }
  const at = lookInto(document);
  const { contents } = document;
  if (contents !== null && !isMap(contents) && !(isScalar(contents) && contents.source === '')) {
    reader.remark('unreadable', `${file}:1: expected settings such as "binds:"`, hint);
  }
  if (/^[ \t]*(?:-[ \t]+)?["']?function_(?:code|file|name)["']?[ \t]*:/m.test(text)) {
    reader.remark('not-understood', `${file} has functions in Lua, which were not read`);
  }
  const settings = at.value(contents, 'console');
  return definedOnly({
    frontends: at.items(at.value(contents, 'binds')).flatMap((bind) => {
      const { line } = lines.linePos(bind.range?.[0] ?? 0);
      return frontendOf(bind, at, { file, line }, reader) ?? [];
    }),
    console: at.text(settings, 'listen_address'),
    keyFile: at.text(settings, 'key') === undefined ? undefined : file,
  });
}

function frontendOf(
  bind: Node,
  at: Look,
  position: Frontend['position'],
  reader: ConfigurationReader,
): Frontend | undefined {
  const protocol = protocols.get(at.text(bind, 'protocol')?.toLowerCase() ?? '');
  if (protocol === undefined) return undefined;
  const tls = at.value(bind, 'tls');
  const main = at.text(bind, 'listen_address') ?? '';
  const written = [main, ...at.texts(at.value(bind, 'additional_addresses'))];
  const addresses = written.flatMap((one) => parseHostAndPort(one, protocol.usualPort) ?? []);
  const certificates = at.items(at.value(tls, 'certificates')).flatMap((one) => at.text(one, 'certificate') ?? []);
  if (addresses.length === 0) {
    reader.remark('not-understood', `${position.file}:${position.line}: this bind has no address that can be read`);
    return undefined;
  }
  const staples = at.texts(at.value(tls, 'ocsp_response_files'));
  return { addresses, certificates, staples, isQuic: protocol.isQuic, position };
}

type MaybeNode = Node | null | undefined;

/** Looks at the nodes of a document, one step at a time: an alias is one step, however much it stands for. */
interface Look {
  value(map: MaybeNode, key: string): MaybeNode;
  items(list: MaybeNode): Node[];
  text(map: MaybeNode, key: string): string | undefined;
  texts(list: MaybeNode): string[];
}

function lookInto(document: Document): Look {
  const targets = aliasTargets(document);
  const resolved = (node: MaybeNode): MaybeNode => (isAlias(node) ? targets.get(node) : node);
  const textOf = (node: MaybeNode): string | undefined => {
    const one = resolved(node);
    return isScalar(one) && typeof one.value === 'string' ? one.value : undefined;
  };
  // Many aliases may stand for one large map.
  const valuesOf = oncePer(
    ({ items }: YAMLMap<Node, Node>) => new Map(items.map(({ key, value }) => [textOf(key), value] as const)),
  );
  const look: Look = {
    value(map, key) {
      const found = resolved(map);
      return isMap<Node, Node>(found) ? resolved(valuesOf(found).get(key)) : undefined;
    },
    items(list) {
      const found = resolved(list);
      return isSeq<Node>(found) ? found.items.map(resolved).filter((one) => one !== undefined && one !== null) : [];
    },
    text: (map, key) => textOf(look.value(map, key)),
    texts: (list) => look.items(list).flatMap((one) => textOf(one) ?? []),
  };
  return look;
}

/** What aliases stand for, in one pass: the library looks through the whole document for each. */
function aliasTargets(document: Document): ReadonlyMap<Node, Node> {
  const anchors = new Map<string, Node>();
  const targets = new Map<Node, Node>();
  visit(document, {
    Node(_key, node) {
      const target = isAlias(node) ? anchors.get(node.source) : undefined;
      if (target !== undefined) targets.set(node, target);
      if (!isAlias(node) && node.anchor !== undefined) anchors.set(node.anchor, node);
    },
  });
  return targets;
}

/** The first key that stands twice in its map. */
function repeatedKey(document: Document): Node | undefined {
  let repeated: Node | undefined;
  visit(document, {
    Map(_key, { items }) {
      const known = new Set<unknown>();
      for (const { key } of items) {
        if (!isScalar(key)) continue;
        if (known.has(key.value)) repeated ??= key;
        known.add(key.value);
      }
      return repeated === undefined ? undefined : visit.BREAK;
    },
  });
  return repeated;
}
