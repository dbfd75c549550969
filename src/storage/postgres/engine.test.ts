import { describeEngine } from '../engine.conformance.ts';
import { ENGINE, openFresh } from '../fresh.conformance.ts';

if (ENGINE === 'postgres') describeEngine('postgres', openFresh, 'mailbox');
