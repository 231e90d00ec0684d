import type { DoctorRemark } from './doctor-report.js';

/** How much of a report of root one other user can fill: any user may start hundreds of programs with the name of a server. */
const most = { servers: 8, certificates: 100, remarks: 20, ports: 32 } as const;

type Kind = keyof typeof most;

/** What a report has room for, by user. */
export interface UsersRoom {
  /** The first of these of a user, as far as there still is room. */
  take<Item>(kind: Kind, items: readonly Item[], userId: number | undefined): readonly Item[];
  /** What was left out, a remark for each user. */
  remarks(): DoctorRemark[];
}

/** Without bounds for root's own, and for whatever a run by another user finds. */
export function createUsersRoom(isRoot = false): UsersRoom {
  const counts = new Map<number, Record<Kind, number>>();
  return {
    take(kind, items, userId) {
      if (!isRoot || userId === undefined || userId === 0) return items;
      const seen = counts.get(userId) ?? { servers: 0, certificates: 0, remarks: 0, ports: 0 };
      counts.set(userId, seen);
      const room = Math.max(0, most[kind] - seen[kind]);
      seen[kind] += items.length;
      return items.slice(0, room);
    },
    remarks() {
      return [...counts].flatMap(([userId, seen]): DoctorRemark[] => {
        const kinds = (Object.keys(most) as Kind[]).filter((kind) => seen[kind] > most[kind]);
        if (kinds.length === 0) return [];
        const list = kinds.map((kind) => `${kind} (${seen[kind] - most[kind]})`).join(', ');
        const message = `this report leaves out some of what user ${userId} runs: ${list}`;
        return [{ code: 'not-understood', message, hint: 'run restaple doctor as that user to see them' }];
      });
    },
  };
}
