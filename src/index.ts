export { OcspError } from './core/index.js';
