/** What restaple does in a case where public implementations disagree; the reason stands in docs/vectors.md too. */
export interface Decision {
  readonly accepted: boolean;
  /** The corpora's word for the reason of a refusal. */
  readonly because?: string;
  readonly reason: string;
}

const rightKeyWrongName: Decision = {
  accepted: false,
  because: 'issuer-mismatch',
  reason:
    'RFC 5280 §6.1.3 (a)(4): the issuer name must be the subject of the issuer, the right key alone is not enough',
};

/** By corpus and id. A disputed case without a line here fails, and so does one that ends otherwise. */
export const decisions: Readonly<Record<string, Decision>> = {
  'golang/parse/ocspResponseWithCriticalExtension': {
    accepted: true,
    reason: 'decoding shows what is there; verification refuses it as critical-extension (RFC 6960 §4.4)',
  },
  'golang/request/req-signed': {
    accepted: true,
    reason: 'a signed request is well-formed (RFC 6960 §4.1.1); its signature is reported, not checked',
  },
  'golang/request/req-trailing': {
    accepted: false,
    because: 'trailing-data',
    reason: 'DER leaves nothing after the outermost element (X.690 §10); bytes that nobody reads hide something',
  },
  'openssl/full/ND1/WSNIC_ND1_Issuer_ICA': rightKeyWrongName,
  'openssl/full/ND2/WSNIC_ND2_Issuer_Root': rightKeyWrongName,
  'openssl/full/ND3/WSNIC_ND3_Issuer_Root': rightKeyWrongName,
  'pyca/parse/resp-unknown-response-status': {
    accepted: false,
    because: 'undefined-response-status',
    reason: 'RFC 6960 §4.2.1 defines the status numbers 0 to 3, 5 and 6; nothing can be concluded from another',
  },
};
