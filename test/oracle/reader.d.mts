// The types are those of today: what both readers give is compared field by field.
export { readResults, readStoredFailure } from '../../src/read/report/junit.ts';
export { surveyReports } from '../../src/read/report/survey.ts';
export { signResults } from '../../src/sign/signature.ts';
