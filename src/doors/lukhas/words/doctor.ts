// `lukhas doctor`
import { command, list, text } from '../../arguments.ts';
import { database, output, team } from '../../options.ts';

export const doctorCommands = () => ({
  doctor: command({
    summary: 'look whether database, checkout, report and token are well, and say how to mend what is not',
    details:
      'Changes nothing. As an administrator it sees all teams; as a login of one team what that login may see. Reports that are named are read; where none is, those in this folder.',
    words: '[report...]',
    usage: '[options] [report.xml | glob ...]',
    options: {
      disk: text(
        '--disk <size>',
        'what the database may take (500GB, 2TiB): in how many months that is full',
      ),
      keep: list(
        '--keep <table=time...>',
        "how long rows are kept, as for lukhas db retain: 'test_results=18 months'",
        (word) => word.includes('='),
      ),
      team: team('needed only where the login serves several teams'),
      ...database(),
      ...output(),
    },
    examples: [
      'lukhas doctor',
      'lukhas doctor results.xml --disk 500GB --database-url postgres://postgres:secret@db.example.com/lukhas',
      "lukhas doctor --json | jq -r '.findings[].message'",
    ],
    closing: 'Exit codes: 0 nothing to mend; 1 a bug of ours; 2 usage; 4 something to mend.',
    run: async (options, words, terminal) => (await import('../doctor.ts')).doctor(options, words, terminal),
  }),
});
