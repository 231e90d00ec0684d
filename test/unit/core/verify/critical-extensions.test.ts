import { describe, expect, it } from 'vitest';
import { nullValue, octetString } from '../../../support/der-writer.js';
import { unheardOf } from '../../../support/extensions.js';
import { authority, certId, codeOf, respond, verify } from '../scene.js';

const other = { issuer: authority, serialNumber: '01' };
const critical = (oid: string): { oid: string; critical: boolean; value: Uint8Array } => ({
  oid,
  critical: true,
  value: octetString(nullValue()),
});

describe('an unknown extension', () => {
  it('that is critical is refused in the response', () => {
    expect(verify(respond({ extensions: [unheardOf(true)] }))).toMatchObject({
      kind: 'invalid',
      failure: { code: 'critical-extension', values: { oid: '1.3.6.1.4.1.99999.1' } },
    });
  });

  it('that is critical is refused in our statement, not in one about another certificate', () => {
    const extensions = [unheardOf(true)];
    expect(codeOf(verify(respond({ responses: [{ certId, extensions }] })))).toBe('critical-extension');
    expect(codeOf(verify(respond({ responses: [{ certId }, { certId: other, extensions }] })))).toBe('good');
  });

  it('that is not critical is overlooked', () => {
    const extensions = [unheardOf(false)];
    expect(codeOf(verify(respond({ extensions, responses: [{ certId, extensions }] })))).toBe('good');
  });
});

describe('a known extension', () => {
  it.each(['1.3.6.1.5.5.7.48.1.2', '1.3.6.1.5.5.7.48.1.9'])('%s may be critical in a response', (oid) => {
    expect(codeOf(verify(respond({ extensions: [critical(oid)] })))).toBe('good');
  });

  it.each(['1.3.6.1.5.5.7.48.1.3', '1.3.6.1.5.5.7.48.1.6', '2.5.29.21', '2.5.29.24', '1.3.6.1.4.1.11129.2.4.5'])(
    '%s may be critical in a statement',
    (oid) => {
      expect(codeOf(verify(respond({ responses: [{ certId, extensions: [critical(oid)] }] })))).toBe('good');
    },
  );

  it.each(['1.3.6.1.5.5.7.48.1.2', '2.5.29.29'])(
    '%s is refused as critical in a statement, where it has no place',
    (oid) => {
      expect(codeOf(verify(respond({ responses: [{ certId, extensions: [critical(oid)] }] })))).toBe(
        'critical-extension',
      );
    },
  );
});
