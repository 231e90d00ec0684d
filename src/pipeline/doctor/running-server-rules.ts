import { loadAdvice, stapleAdvice } from './advice.js';
import { notServedFor, type Rule } from './rule.js';

// What the running server says of itself, where no handshake can show it.

/** A protocol over which the server sends no staple: only a client that insists on one misses it. */
export const unableToStaple: Rule = ({ used, facts, report }) => {
  if (used.cannotStaple === undefined || report === undefined || report.missingResponder !== undefined)
    return undefined;
  const isBroken = facts?.mustStaple === true;
  return {
    state: isBroken ? 'broken' : 'needs-nothing',
    gravity: isBroken ? 'reloadFailed' : 'success',
    code: 'cannot-staple',
    severity: isBroken ? 'error' : 'info',
    message: used.cannotStaple,
    advice: [],
  };
};

/** What lies on disk is right, and the running server does not have it; no handshake shows otherwise. */
export const notLoaded: Rule = (examined) => {
  const { staple, used, server, handshakes, loaded } = examined;
  if (loaded === undefined || staple?.isThere !== true) return undefined;
  if (handshakes.some(({ outcome }) => outcome !== 'not-reached')) return undefined;
  const { name } = server;
  const why =
    loaded.certificate === 'none'
      ? `${name} has not loaded this certificate`
      : loaded.certificate === 'other'
        ? `${name} runs with another certificate of this name`
        : loaded.hasSlot === false
          ? `${name} has no place for its staple`
          : loaded.staple === 'other' && used.ownFetching === undefined
            ? `${name} has another staple loaded than ${staple.file}`
            : undefined;
  if (why === undefined) return undefined;
  const isOfAnother = ['none', 'other'].includes(loaded.certificate);
  return notServedFor('not-loaded', why, isOfAnother ? loadAdvice(examined) : stapleAdvice(examined));
};

/** The server names it, no line that was read does, and no port of the server shows it. */
export const notFound: Rule = ({ used, server, handshakes, report }) => {
  if (used.isNamedByNoLine !== true || handshakes.length > 0) return undefined;
  if (report === undefined || report.missingResponder !== undefined) return undefined;
  const message = `${server.name} says that it uses this certificate, but none of its ports sent it when a handshake asked for its name`;
  return notServedFor('not-found', message, []);
};
