import { dnsdist } from './dnsdist/server.js';
import { exec } from './command/exec.js';
import { exim } from './exim/server.js';
import { haproxy } from './haproxy/server.js';
import { hitch } from './hitch/server.js';
import { lighttpd } from './lighttpd/server.js';
import { nginx } from './nginx/server.js';
import type { Server } from './server.js';
import { systemd } from './command/systemd.js';
import { trafficserver } from './trafficserver/server.js';

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
