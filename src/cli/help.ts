import { Help } from '@oclif/core';

/** oclif's help, as it stands: named here so that the manifest and the bundle find one class. */
export default class RestapleHelp extends Help {}
