/** What is to be combined: the choices of each dimension, by the name of the choice. */
export type Dimensions = Record<string, Record<string, unknown>>;

export type Combination<D extends Dimensions> = { [K in keyof D]: keyof D[K] & string };

/**
 * Few combinations in which any two choices of different dimensions meet at least once: most faults come from two
 * circumstances, hardly any from three.
 */
export function allPairs<D extends Dimensions>(dimensions: D): Combination<D>[] {
  const names = Object.keys(dimensions);
  const missing = new Set(names.flatMap((one, index) => names.slice(index + 1).flatMap((other) =>
    Object.keys(dimensions[one]).flatMap((a) => Object.keys(dimensions[other]).map((b) => pair(one, a, other, b))))));

  const combinations: Combination<D>[] = [];
  while (missing.size > 0) {
    const [one, a, other, b] = JSON.parse(missing.values().next().value!);
    const combination: Record<string, string> = { [one]: a, [other]: b };
    for (const name of names.filter((candidate) => !(candidate in combination))) {
      const gain = (choice: string) => pairsWith(names, combination, name, choice).filter((met) => missing.has(met)).length;
      combination[name] = Object.keys(dimensions[name]).reduce((best, choice) => gain(choice) > gain(best) ? choice : best);
    }
    for (const name of names) {
      pairsWith(names, combination, name, combination[name]).forEach((met) => missing.delete(met));
    }
    combinations.push(combination as Combination<D>);
  }
  return combinations;
}

function pairsWith(names: string[], combination: Record<string, string>, name: string, choice: string): string[] {
  return names.filter((other) => other !== name && other in combination).map((other) => names.indexOf(other) < names.indexOf(name)
    ? pair(other, combination[other], name, choice)
    : pair(name, choice, other, combination[other]));
}

function pair(...choices: [one: string, a: string, other: string, b: string]): string {
  return JSON.stringify(choices);
}
