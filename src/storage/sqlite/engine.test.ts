import { describeEngine } from '../engine.conformance.ts';
import { ENGINE, openFresh } from '../fresh.conformance.ts';

if (ENGINE === 'sqlite') describeEngine('sqlite, writer in this thread', openFresh);
