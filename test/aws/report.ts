export interface Finding {
  readonly title: string;
  /** The observation, or the reason why there is none. */
  readonly outcome: string;
  readonly seconds: number;
}

export interface Report {
  readonly date: string;
  readonly where: string;
  readonly cdkLib: string;
  readonly steps: readonly Finding[];
  readonly questions: readonly Finding[];
  /** The reason why the run stopped. */
  readonly failure?: string;
}

/** The report as a page of the documentation. */
export function written({ date, where, cdkLib, steps, questions, failure }: Report): string {
  const table = (head: string, findings: readonly Finding[]) => [
    `| ${head} | seen | seconds |`, '|---|---|---|',
    ...findings.map(({ title, outcome, seconds }) => `| ${title} | ${outcome.replace(/\s+/g, ' ').replace(/\|/g, '\\|')} | ${seconds} |`),
  ];
  return [
    '# Report of a run on AWS', '',
    'Written by `npx projen test:aws`. Never edited by hand.', '',
    `${date}, ${where}, aws-cdk-lib ${cdkLib}. ${failure ? `The run stopped: ${failure.replace(/\s+/g, ' ')}` : 'The run completed.'}`, '',
    '## Steps', '', ...table('step', steps), '',
    '## Questions that only AWS can settle', '', ...table('question', questions), '',
  ].join('\n');
}
