// @module-tag haproxy
import { copyFileSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { answer } from '../support/answer.js';
import { startResponder } from '../support/misbehaving-responder.js';
import { isSince } from '../support/programs.js';
import { runRestaple } from '../support/run-program.js';
import { freePort } from '../support/servers/free-port.js';
import { askHaproxy, startHaproxy } from '../support/servers/haproxy.js';
import { probeStaple } from '../support/servers/probe-staple.js';
import {
  createServerScene,
  fetchAndReload,
  type FetchReload,
  fromNow,
  responseFor,
  type ServerScene,
  type Site,
  type TargetServer,
} from '../support/servers/server-scene.js';

let scene: ServerScene;

beforeAll(async () => {
  scene = await createServerScene();
});

afterAll(() => scene.clear());

interface Started extends TargetServer {
  readonly configuration: string;
}

async function start(binds: string, stores = '', settings = ''): Promise<Started> {
  const port = await freePort();
  const socket = scene.folder.at('next.sock');
  const config = `global
    stats socket ${socket} level admin
${settings}
${stores}
defaults
    mode http
    timeout connect 5s
    timeout client 5s
    timeout server 5s
frontend f
    bind 127.0.0.1:${port} ssl ${binds}
    http-request return status 200
`;
  const daemon = await startHaproxy({ config, folder: scene.folder.path, ports: [port] });
  const configuration = scene.folder.at('haproxy.cfg');
  return { ...daemon, configuration, target: `haproxy:${socket}`, port, place: `127.0.0.1:${port}` };
}

const stapled = ({ port }: Started, { certificate }: Site): Promise<Buffer | null> =>
  probeStaple({ port, serverName: `${basename(certificate, '.pem')}.example` });

/** Has haproxy fetch a staple itself, and waits until that has ended. */
async function updateBy({ target }: Started, { certificate }: Site): Promise<void> {
  const socket = target.slice('haproxy:'.length);
  /** Successes and failures; the outcome of an update under way is 0. */
  const counts = async (): Promise<number> => {
    const text = await askHaproxy(socket, 'show ssl ocsp-updates');
    const [, successes, failures] = /\| (\d+) \| (\d+) \| [^0]/.exec(text) ?? [];
    return Number(successes ?? 0) + Number(failures ?? 0);
  };
  const before = await counts();
  await askHaproxy(socket, `update ssl ocsp-response ${certificate}`);
  await expect.poll(counts).toBeGreaterThan(before);
}

describe('the staple that haproxy reads at its next start', () => {
  it('is put where its configuration has it, and judged there', async () => {
    const site = scene.issue('del');
    rmSync(site.staple);
    const certificate = scene.folder.at('del.crt');
    copyFileSync(site.certificate, certificate);
    writeFileSync(scene.folder.at('del.ocsp'), responseFor(scene, site));
    const haproxy = await start(`crt ${certificate}`, '', '    ssl-load-extra-del-ext');
    try {
      const words = ['--haproxy-config', haproxy.configuration];
      const fetched = await fetchAndReload([certificate, '--force', '--reload', haproxy.target, ...words]);
      expect(fetched).toMatchObject({ exitCode: 0, outcomes: ['updated'], reload: [{ ok: true }] });
      expect(fetched.lines()[0]).toMatchObject({ staple: scene.folder.at('del.ocsp') });
      expect(fetched.reload[0]!.certificates[0]!.code).toBeUndefined();
      const judged = await runRestaple(['verify', '--for', 'haproxy', ...words, certificate]);
      expect(judged.exitCode).toBe(0);
      symlinkSync(scene.folder.path, scene.folder.at('link'));
      const linked = await fetchAndReload([scene.folder.at('link/del.crt'), '--force', ...words]);
      expect(linked.lines()[0]).toMatchObject({ outcome: 'updated', staple: scene.folder.at('del.ocsp') });
    } finally {
      await haproxy.stop();
    }
  });

  it('is none where its settings say so, which reload and --for say', async () => {
    const site = scene.issue('none');
    const haproxy = await start(`crt ${site.certificate}`, '', '    ssl-load-extra-files none');
    try {
      const words = ['--haproxy-config', haproxy.configuration, site.certificate];
      const told = await runRestaple(['reload', haproxy.target, ...words]);
      expect(told.exitCode).toBe(0);
      expect(told.stderr).toContain('haproxy reads no staple for');
      expect(told.stderr).toContain('set in its global section: ssl-load-extra-files all');
      expect(await stapled(haproxy, site)).toEqual(scene.staple(site));
      const judged = await runRestaple(['verify', '--for', 'haproxy', ...words]);
      expect(judged).toMatchObject({ exitCode: 10, stdout: expect.stringContaining('gone-with-reload') as string });
    } finally {
      await haproxy.stop();
    }
  });

  it('needs a configuration that can be read', async () => {
    const site = scene.issue('unread');
    const result = await runRestaple(['verify', '--haproxy-config', scene.folder.at('no.cfg'), site.certificate]);
    expect(result).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('--haproxy-config') as string });
  });

  it('is unknown where the configuration names a list that cannot be read, which every command says once', async () => {
    const site = scene.issue('unlisted');
    const haproxy = await start(`crt ${site.certificate}`);
    const words = [
      '--haproxy-config',
      scene.folder.write('partial.cfg', 'frontend f\n  bind :1 ssl crt-list /no/list\n'),
    ];
    try {
      for (const command of [
        ['fetch', '--force', '--allow-private'],
        ['fetch', '--force', '--allow-private', '--reload', haproxy.target],
        ['reload', haproxy.target],
        ['verify', '--for', 'haproxy'],
      ]) {
        const { exitCode, stdout, stderr } = await runRestaple([...command, ...words, site.certificate]);
        expect(exitCode).toBe(0);
        if (command[0] === 'verify') expect(stdout + stderr).toContain('no file of --haproxy-config loads');
        expect(stderr.split('--haproxy-config: the crt-list /no/list could not be read')).toHaveLength(2);
      }
    } finally {
      await haproxy.stop();
    }
  });

  it('is pushed again after a restart of haproxy, and not before', async () => {
    const site = scene.issue('lost');
    const settings = '    nbthread 2\n    ssl-load-extra-files none';
    const fetched = async ({ target, configuration }: Started): Promise<FetchReload['reload'][number]> => {
      const result = await fetchAndReload(['--reload', target, '--haproxy-config', configuration, site.certificate]);
      expect(result).toMatchObject({ exitCode: 0, reload: [{ certificates: [{ code: 'gone-with-reload' }] }] });
      return result.reload[0]!;
    };
    const haproxy = await start(`crt ${site.certificate}`, '', settings);
    const version = await askHaproxy(haproxy.target.slice('haproxy:'.length), 'show info');
    const isMended = /^Version: (?:3\.2\.(?:2[2-9]|[3-9]\d)|3\.4\.(?:[3-9]|\d\d)|3\.[5-9]|[4-9])/m.test(version);
    try {
      expect(await fetched(haproxy)).toMatchObject(isMended ? {} : { findings: [{ rule: 'staple-race' }] });
      expect(await fetched(haproxy)).not.toHaveProperty('findings');
    } finally {
      await haproxy.stop();
    }
    const again = await start(`crt ${site.certificate}`, '', settings);
    try {
      expect(await stapled(again, site)).toBeNull();
      await fetched(again);
      expect(await stapled(again, site)).toEqual(scene.staple(site));
    } finally {
      await again.stop();
    }
  });

  it('is another than that of --out, which is pushed again after a restart', async () => {
    const site = scene.issue('apart');
    rmSync(site.staple);
    const staple = scene.folder.at('apart.der');
    const fetched = async ({ target }: Started): Promise<FetchReload> =>
      fetchAndReload(['--reload', target, '--out', staple, site.certificate]);
    for (const outcome of ['updated', 'fresh']) {
      const haproxy = await start(`crt ${site.certificate}`);
      try {
        expect(await stapled(haproxy, site)).toBeNull();
        const result = await fetched(haproxy);
        const trouble = { code: 'gone-with-reload', message: expect.stringContaining(`${site.staple} when`) as string };
        expect(result).toMatchObject({ exitCode: 0, outcomes: [outcome], reload: [{ certificates: [trouble] }] });
        // A timer that runs each hour need not hear it each hour.
        expect(result.stderr.includes('not kept')).toBe(outcome === 'updated');
        expect(await stapled(haproxy, site)).toEqual(readFileSync(staple));
      } finally {
        await haproxy.stop();
      }
    }
  });

  if (isSince('haproxy', '3.0')) {
    it('is none for a certificate of a crt-store without ocsp', async () => {
      const site = scene.issue('stored');
      const haproxy = await start('crt @web/it', `crt-store web\n    load crt ${site.certificate} alias it\n`);
      try {
        expect(await stapled(haproxy, site)).toBeNull();
        const asked = await runRestaple(['reload', haproxy.target, site.certificate]);
        expect(asked.exitCode).toBe(0);
        expect(asked.stderr).toContain('from a crt-store (@web/it)');
        expect(asked.stderr).toContain(`or add to it: ocsp ${site.staple}`);
        expect(await stapled(haproxy, site)).toEqual(scene.staple(site));
        const read = await runRestaple([
          ...['reload', haproxy.target, site.certificate],
          ...['--json', '--haproxy-config', haproxy.configuration],
        ]);
        expect(read.lines()[0]).toMatchObject({
          ok: true,
          certificates: [
            {
              code: 'gone-with-reload',
              hint: expect.stringContaining(`load crt ${site.certificate} alias it ocsp ${site.staple}`) as string,
            },
          ],
        });
      } finally {
        await haproxy.stop();
      }
    });

    it('is none for a line of a crt-list with a key, and another file for one with ocsp', async () => {
      const [keyed, named, plain] = ['keyed', 'named', 'plain'].map((name) => scene.issue(name));
      writeFileSync(scene.folder.at('named.der'), responseFor(scene, named!));
      const list = scene.folder.write(
        'with-options',
        `${keyed!.certificate} [key ${keyed!.key}] keyed.example\n` +
          `${named!.certificate} [ocsp ${scene.folder.at('named.der')}]\n${plain!.certificate} [alpn h2]\n`,
      );
      const haproxy = await start(`crt-list ${list}`);
      try {
        const result = await runRestaple([
          ...['reload', '--json', haproxy.target],
          ...[keyed!, named!, plain!].map(({ certificate }) => certificate),
        ]);
        expect(result.exitCode).toBe(0);
        expect(result.lines()[0]).toMatchObject({
          certificates: [
            {
              code: 'gone-with-reload',
              hint: expect.stringContaining(`[key ${keyed!.key} ocsp ${keyed!.staple}] keyed.example`) as string,
            },
            { code: 'gone-with-reload', message: expect.stringContaining('named.der') as string },
            { ok: true },
          ],
        });
        const [, , last] = (result.lines()[0]!['certificates'] as { code?: string }[]).map(({ code }) => code);
        expect(last).toBeUndefined();
      } finally {
        await haproxy.stop();
      }
    });
  }
});

describe('a relative name of a certificate', () => {
  it('is not taken for a file elsewhere of the same name', async () => {
    mkdirSync(scene.folder.at('other'), { recursive: true });
    const [ours, theirs] = [scene.issue('same'), scene.issue('other/same')];
    copyFileSync(theirs.certificate, scene.folder.at('other/same.pem'));
    for (const settings of ['crt-base other', `default-path origin ${scene.folder.at('other')}`]) {
      const haproxy = await start('crt same.pem', '', `    ${settings}`);
      try {
        const result = await runRestaple(['reload', '--json', haproxy.target, ours.certificate]);
        expect(result.lines()[0]).toMatchObject({ certificates: [{ ok: false, code: 'no-slot' }] });
        const found = await runRestaple(['reload', '--json', haproxy.target, theirs.certificate]);
        expect(found.lines()[0]).toMatchObject({ certificates: [{ ok: true }] });
      } finally {
        await haproxy.stop();
      }
    }
  });
});

if (isSince('haproxy', '2.8')) {
  describe('a staple that haproxy should fetch itself', () => {
    it('is failed for while its updater fails, and pushed with --take-over', async () => {
      const nobody = await freePort();
      const site = scene.issue('own', { ocspUris: [`http://127.0.0.1:${nobody}/`] });
      const list = scene.folder.write('own-list', `${site.certificate} [ocsp-update on]\n`);
      rmSync(site.staple);
      const haproxy = await start(`crt-list ${list}`);
      try {
        writeFileSync(site.staple, responseFor(scene, site));
        const reload = ['reload', '--json', haproxy.target, site.certificate];
        const codes = async (...more: string[]): Promise<unknown> => {
          const { exitCode, lines } = await runRestaple([...reload, ...more]);
          const [{ code, message } = {}] = lines()[0]!['certificates'] as { code?: string; message?: string }[];
          return { exitCode, code, message };
        };
        await expect
          .poll(() => codes())
          .toMatchObject({
            exitCode: 10,
            code: 'own-update-fails',
            message: expect.stringMatching(/fails: .*error.*, \d+ failures, next try /i) as string,
          });
        expect(await stapled(haproxy, site)).toBeNull();
        expect(await codes('--take-over')).toMatchObject({ exitCode: 0 });
        expect(await stapled(haproxy, site)).toEqual(scene.staple(site));
      } finally {
        await haproxy.stop();
      }
    });

    it('is confirmed where what haproxy sends is good now, though it is not the file, and only then', async () => {
      const site = scene.issue('confirmed');
      const list = scene.folder.write('confirmed-list', `${site.certificate} [ocsp-update on]\n`);
      const haproxy = await start(`crt-list ${list}`);
      const words = ['--confirm', `${site.certificate}=${haproxy.place}`, site.certificate];
      const behaviour = scene.responder.behaviour;
      try {
        await updateBy(haproxy, site);
        const own = await stapled(haproxy, site);
        expect(own).not.toEqual(scene.staple(site));
        const message = expect.stringMatching(
          /staple that it fetched itself, not that of the file; it is good/,
        ) as string;
        const confirmed = { ok: true, certificates: [{ ok: true, code: 'left-alone', message }] };
        const told = { ok: true, certificates: [{ code: 'left-alone' }] };
        expect(await fetchAndReload(['--reload', haproxy.target, ...words])).toMatchObject({
          exitCode: 0,
          reload: [told, confirmed],
        });
        const reload = await runRestaple(['reload', '--json', haproxy.target, ...words]);
        expect(reload).toMatchObject({ exitCode: 0 });
        expect(reload.lines()).toMatchObject([told, confirmed]);
        expect(await stapled(haproxy, site)).toEqual(own);
        // Without the word of haproxy that it fetches the staple, it is just another one.
        const unasked = await fetchAndReload(words);
        expect(unasked).toMatchObject({ exitCode: 10, reload: [{ certificates: [{ code: 'other-staple' }] }] });

        scene.responder.behaviour = answer(scene.authority, { revokedAt: fromNow(-60_000) });
        await updateBy(haproxy, site);
        const revoked = await runRestaple(['reload', '--json', haproxy.target, ...words]);
        expect(revoked).toMatchObject({ exitCode: 10 });
        expect(revoked.lines()).toMatchObject([
          told,
          {
            ok: false,
            certificates: [{ code: 'other-staple', message: expect.stringContaining('it was revoked') as string }],
          },
        ]);
      } finally {
        scene.responder.behaviour = behaviour;
        await haproxy.stop();
      }
    });

    it('is looked at by every run, since its updater may fail later', async () => {
      const responder = await startResponder();
      responder.behaviour = scene.responder.behaviour;
      const site = scene.issue('later', { ocspUris: [responder.url] });
      const list = scene.folder.write('later-list', `${site.certificate} [ocsp-update on]\n`);
      const haproxy = await start(`crt-list ${list}`);
      const run = (): Promise<FetchReload> => fetchAndReload(['--reload', haproxy.target, site.certificate]);
      try {
        await updateBy(haproxy, site);
        const first = await run();
        expect(first).toMatchObject({ exitCode: 0, reload: [{ certificates: [{ code: 'left-alone' }] }] });
        await responder.close();
        await updateBy(haproxy, site);
        expect(await run()).toMatchObject({
          exitCode: 10,
          outcomes: ['fresh'],
          reload: [{ certificates: [{ ok: false, code: 'own-update-fails' }] }],
        });
      } finally {
        await haproxy.stop();
        await responder.close();
      }
    });
  });
}
