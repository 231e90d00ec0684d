import { dnsdist } from './dnsdist/server.js';
import { exec } from './exec.js';
import { exim } from './exim.js';
import { haproxy } from './haproxy/server.js';
import { hitch } from './hitch.js';
import { lighttpd } from './lighttpd.js';
import { nginx } from './nginx.js';
import type { Server } from './server.js';
import { systemd } from './systemd.js';
import { trafficserver } from './trafficserver.js';

/** Everything that can be told of staples: `reload`, `--reload`, `verify --for`, the pages and the tests go by this table. */
export const servers = [
  haproxy,
  dnsdist,
  nginx,
  hitch,
  lighttpd,
  exim,
  trafficserver,
  systemd,
  exec,
] as const satisfies readonly Server[];
