/**
 * The kernel: what every room stands on and what knows nothing of mail.
 *
 * - `assert`, `PosthornError` and the one table of error codes
 * - `Clock`: the only source of time and timers; `ids`: the only source of chance
 * - `waits`: the wait registry. Whatever waits enters it with a name, an owner and a deadline,
 *   so that `posthorn status` can always say who waits for what since when
 * - `Lifecycle`: what starts is stopped in reverse order, each part within its deadline
 * - `Connection` and `listen`: sockets with bounded buffers in both directions
 * - `Door`: who is let in, counted over all threads (`SharedCounts`, `SharedPace`)
 * - `RequestPort`: typed request and reply between threads
 * - `log` (pino) and `metrics`
 *
 * Callers own what they open: everything with an end is Disposable or AsyncDisposable.
 */
export { assert, assertNever } from './assert.ts';
export { type Clock, systemClock, TestClock } from './clock.ts';
export { Connection, type ConnectionOptions, type TlsDetails } from './connection.ts';
export { DOOR_LIMITS, Door, type DoorLimits, type DoorRefusal, type Guest } from './door/door.ts';
export { countedAs, Networks } from './door/networks.ts';
export { type CountKey, SharedCounts } from './door/shared-counts.ts';
export { SharedPace } from './door/shared-pace.ts';
export {
  type ErrorCode,
  type ErrorInfo,
  errorInfo,
  isPosthornError,
  PosthornError,
} from './errors.ts';
export { randomBytes, randomId, timeOrderedId } from './ids.ts';
export { Lifecycle, type Part } from './lifecycle.ts';
export { type Listener, type ListenOptions, listen, probeAddresses } from './listener.ts';
export { createLogger, type Logger, silentLogger } from './log.ts';
export { metrics } from './metrics.ts';
export { BoundedQueue } from './queue.ts';
export { type Reply, ReplyPort, RequestPort } from './request-port.ts';
export { type ChannelBindingType, serverContext, type TlsIdentity } from './tls.ts';
export { type Wait, WaitRegistry, waits } from './waits.ts';
