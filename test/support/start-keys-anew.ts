// A setup file of vitest: each test file is given the same RSA keys, though files run one after the other in one process.
import { startKeysAnew } from './keys.js';

startKeysAnew();
