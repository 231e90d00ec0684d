import { OcspError } from '../../core/index.js';
import type { ExitCode } from '../exit/exit-code.js';
import type { OcspOptions } from './options.js';
import type { OpensslStreams } from './streams.js';

type Run = (options: OcspOptions, streams: OpensslStreams) => Promise<ExitCode>;

/** The responder side: whatever has -index. Throws OcspError `usage`. */
export const runOpensslResponder: Run = () =>
  Promise.reject(
    new OcspError('usage', '-index is not available yet', 'restaple generate and restaple serve answer from an index'),
  );
