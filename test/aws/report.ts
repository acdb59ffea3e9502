export interface Finding {
  readonly title: string;
  /** What was seen, or why nothing was. */
  readonly outcome: string;
  readonly seconds: number;
}

export interface Report {
  readonly date: string;
  readonly where: string;
  readonly cdkLib: string;
  readonly steps: readonly Finding[];
  readonly questions: readonly Finding[];
  /** Why the story did not get to its end. */
  readonly failure?: string;
}

/** As it is kept in the documentation. */
export function written({ date, where, cdkLib, steps, questions, failure }: Report): string {
  const table = (head: string, findings: readonly Finding[]) => [
    `| ${head} | seen | seconds |`, '|---|---|---|',
    ...findings.map(({ title, outcome, seconds }) => `| ${title} | ${outcome.replace(/\s+/g, ' ').replace(/\|/g, '\\|')} | ${seconds} |`),
  ];
  return [
    '# Report of a run on AWS', '',
    'Written by `npx projen test:aws`. Never edited by hand.', '',
    `${date}, ${where}, aws-cdk-lib ${cdkLib}. ${failure ? `It stopped: ${failure.replace(/\s+/g, ' ')}` : 'It came to its end.'}`, '',
    '## The story', '', ...table('step', steps), '',
    '## Questions that only AWS can settle', '', ...table('question', questions), '',
  ].join('\n');
}
