import { describeEngine } from '../engine.conformance.ts';
import { openFresh } from './fresh.conformance.ts';

describeEngine('sqlite, writer in this thread', async (t) => openFresh(t));
