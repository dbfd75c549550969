import { PosthornError } from '#kernel';
import type { AdminContext, AdminHost, ServerStatus } from './context.ts';

/** Tells how the running server is. @throws {unavailable} when none runs */
export function serverStatus({ host }: AdminContext): Promise<ServerStatus> {
  return requireHost(host).status();
}

/** Begins to stop the running server. @throws {unavailable} when none runs */
export async function stopServer({ host }: AdminContext): Promise<{ readonly stopping: true }> {
  requireHost(host).stop();
  return { stopping: true };
}

function requireHost(host: AdminHost | undefined): AdminHost {
  if (host === undefined) throw new PosthornError('unavailable', 'no server is running');
  return host;
}
