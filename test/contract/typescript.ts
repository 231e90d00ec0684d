import { createRequire } from 'node:module';
import type TypeScript from 'typescript';

/** TypeScript, required: an import reads its nine megabytes twice more, to find out which kind of module they are. */
export default createRequire(import.meta.url)('typescript') as typeof TypeScript;
