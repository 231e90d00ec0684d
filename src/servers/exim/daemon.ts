export const daemon = {
  name: 'exim',
  usualPidFile: '/run/exim4/exim.pid',
  program: /^exim4?$/,
  keepsRights: false,
} as const;

/** What it does where it cannot use a staple. */
export const failsHandshakes = 'fails every TLS handshake';
