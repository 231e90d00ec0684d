/** The text format of Prometheus, version 0.0.4 (prometheus.io/docs/instrumenting/exposition_formats). */

export interface MetricFamily {
  readonly name: string;
  /** A gauge where not given. */
  readonly type?: 'histogram';
  readonly help: string;
}

/** The two lines before the samples of a family. */
export function familyHeader({ name, type, help }: MetricFamily): string {
  const text = help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
  return `# HELP ${name} ${text}\n# TYPE ${name} ${type ?? 'gauge'}\n`;
}

/** One line: name, labels in the order given, value. */
export function sampleLine(name: string, labels: readonly (readonly [string, string])[], value: number): string {
  let inside = '';
  for (const [label, text] of labels) inside += `${inside === '' ? '' : ','}${label}="${escapeLabelValue(text)}"`;
  return `${name}${inside === '' ? '' : `{${inside}}`} ${sampleValue(value)}\n`;
}

/** Nearly every label of a large fleet, in one quick look. */
const plainText = /^[ !#-[\]-~]*$/;

/** Backslash, quote and line feed are escaped; a lone surrogate, which UTF-8 does not have, becomes U+FFFD. */
function escapeLabelValue(text: string): string {
  if (plainText.test(text)) return text;
  return text
    .replace(/[\\"\n]/g, (character) => (character === '\n' ? '\\n' : `\\${character}`))
    .replace(/\p{Cs}/gu, '\ufffd');
}

/** A number as the format has it; `+Inf` for one without bound. */
export function sampleValue(value: number): string {
  if (value === Infinity) return '+Inf';
  return value === -Infinity ? '-Inf' : String(value);
}
