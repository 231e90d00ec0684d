import { resolve } from 'node:path';
import type { Discoverer } from './discovery.js';
import { askHaproxy, discoverHaproxy, haproxyConfigurations } from './haproxy/discover.js';
import { nginx } from './nginx.js';
import { discoverNginx, nginxArguments, optionValue } from './nginx/discover.js';

/** The servers that `doctor` finds on this host and looks into. */
export const discoverers: readonly Discoverer[] = [
  {
    name: 'haproxy',
    program: /^haproxy(?:-?\d[\d.]*)?$/,
    usualConfiguration: '/etc/haproxy/haproxy.cfg',
    configurationsOf: haproxyConfigurations,
    discover: discoverHaproxy,
    ask: askHaproxy,
  },
  {
    name: 'nginx',
    program: nginx.daemon.program,
    usualConfiguration: '/etc/nginx/nginx.conf',
    configurationsOf(running) {
      const words = nginxArguments(running);
      const file = optionValue(words, '-c');
      const folder = resolve(running.workingFolder ?? '/', optionValue(words, '-p') ?? '');
      return file === undefined ? [] : [resolve(folder, file)];
    },
    discover: discoverNginx,
  },
];
