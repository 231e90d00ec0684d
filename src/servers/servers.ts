import { apache } from './apache/server.js';
import { exec } from './command/exec.js';
import { systemd } from './command/systemd.js';
import { dnsdist } from './dnsdist/server.js';
import { exim } from './exim/server.js';
import { haproxy } from './haproxy/server.js';
import { hitch } from './hitch/server.js';
import { lighttpd } from './lighttpd/server.js';
import { nginx } from './nginx/server.js';
import type { KnownServer } from './server.js';
import { trafficserver } from './trafficserver/server.js';

/** All that restaple knows of servers: `reload`, `--reload`, `verify --for`, `doctor`, the pages and the tests go by this table. */
export const servers = [
  haproxy,
  dnsdist,
  nginx,
  hitch,
  lighttpd,
  exim,
  trafficserver,
  apache,
  systemd,
  exec,
] as const satisfies readonly KnownServer[];
