import { type Command, InvalidArgumentError } from 'commander';
import { isSchemaName } from '#storage/postgres/target';
import { print } from './command.ts';

const DEFAULT_SCHEMA = 'posthorn';

/** `posthorn schema`: the statements that make the schema by hand, spread over a Citus cluster or not. Needs no data directory. */
export function addSchemaCommand(program: Command): void {
  program
    .command('schema')
    .description('print the statements that make the schema of a PostgreSQL engine')
    .option(
      '--citus',
      'spread over a Citus cluster; run them on its coordinator before the first start',
    )
    .option('--schema <name>', 'name of the schema', schemaArgument, DEFAULT_SCHEMA)
    .allowExcessArguments(false)
    .showHelpAfterError('usage: posthorn schema [--citus] [--schema NAME]')
    .action(async ({ citus, schema }: { readonly citus?: true; readonly schema: string }) => {
      const { citusStatements, schemaStatements } = await import('#storage/postgres');
      const statements = citus === true ? citusStatements(schema) : schemaStatements(schema);
      print(statements.map((statement) => `${statement};`).join('\n'));
    });
}

function schemaArgument(text: string): string {
  if (!isSchemaName(text))
    throw new InvalidArgumentError('A schema is small letters, digits and "_", at most 63.');
  return text;
}
