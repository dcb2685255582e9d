// The shapes that read-migration.mjs makes.
import type { Migration } from '../src/store/schema/migrations.generated.ts';

export const lockModes: readonly string[];

export interface MigrationFile extends Migration {
  /** The strongest mode by table, as the head declares it. */
  readonly locks: Readonly<Record<string, string>>;
}
export function readMigration(file: string, text: string): MigrationFile;
