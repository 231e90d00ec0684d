import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { HostProcess } from '../system/host-processes.js';
import { apachePrinting } from './apache/printed.js';
import type { Discoverer } from './discovery.js';
import { askDnsdist } from './dnsdist/ask.js';
import { discoverDnsdist } from './dnsdist/discover.js';
import { discoverApache, apacheConfigurations } from './apache/discover.js';
import { daemon as eximDaemon } from './exim.js';
import { discoverExim, eximConfigurations, generatedConfiguration, isEximDaemon } from './exim-discovery.js';
import { askHaproxy, discoverHaproxy, haproxyConfigurations } from './haproxy/discover.js';
import { hitch } from './hitch.js';
import { discoverHitch, longOption } from './hitch-discovery.js';
import { lighttpd } from './lighttpd.js';
import { discoverLighttpd, lighttpdPrinting } from './lighttpd-discovery.js';
import { nginx } from './nginx.js';
import { discoverNginx, nginxArguments, nginxPrinting, optionValue } from './nginx/discover.js';

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
    printing: nginxPrinting,
  },
  {
    name: 'dnsdist',
    program: /^dnsdist$/,
    usualConfiguration: '/etc/dnsdist/dnsdist.conf',
    configurationsOf: (running) =>
      fileIn(running, optionValue(running.arguments, '-C') ?? longOption(running, '--config') ?? usualYaml()),
    discover: discoverDnsdist,
    ask: askDnsdist,
  },
  {
    name: 'hitch',
    program: hitch.daemon.program,
    usualConfiguration: '/etc/hitch/hitch.conf',
    configurationsOf: (running) => fileIn(running, longOption(running, '--config')),
    discover: discoverHitch,
  },
  {
    name: 'lighttpd',
    program: lighttpd.daemon.program,
    usualConfiguration: '/etc/lighttpd/lighttpd.conf',
    configurationsOf: (running) => fileIn(running, optionValue(running.arguments, '-f')),
    discover: discoverLighttpd,
    printing: lighttpdPrinting,
  },
  {
    name: 'exim',
    program: eximDaemon.program,
    usualConfiguration: '/etc/exim4/exim4.conf',
    otherConfigurations: [
      generatedConfiguration,
      ...['/etc/exim4/exim.conf', '/etc/exim/exim.conf', '/etc/mail/exim.conf', '/etc/exim.conf'],
    ],
    isServer: isEximDaemon,
    configurationsOf: eximConfigurations,
    discover: discoverExim,
  },
  {
    name: 'apache',
    program: /^(?:apache2|httpd(?:-(?:prefork|worker|event))?)$/,
    usualConfiguration: '/etc/apache2/apache2.conf',
    otherConfigurations: [
      '/etc/httpd/conf/httpd.conf',
      '/etc/apache2/httpd.conf',
      '/usr/local/apache2/conf/httpd.conf',
    ],
    configurationsOf: apacheConfigurations,
    discover: discoverApache,
    printing: apachePrinting,
  },
];

/** dnsdist 2.0 and newer prefers it to dnsdist.conf. */
function usualYaml(): string | undefined {
  const file = '/etc/dnsdist/dnsdist.yml';
  return existsSync(file) ? file : undefined;
}

/** A file as a process names it, absolute. */
function fileIn({ workingFolder = '/' }: HostProcess, file: string | undefined): string[] {
  return file === undefined ? [] : [resolve(workingFolder, file)];
}
