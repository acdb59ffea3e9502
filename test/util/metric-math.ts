/**
 * Calculates metric math of one minute as CloudWatch documents it: `FILL` replaces missing values, and a division by zero and
 * an `IF` without a value for its condition have no value. The maximum has no value either if one of its values is missing,
 * because CloudWatch does not document that case.
 *
 * @param queries `Metrics` of an alarm, or of a scaling policy
 * @param values values of the metrics, by their IDs; the others are missing
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
 */
export function valueOf(queries: any[], values: Record<string, number>): number | undefined {
  const value = ({ Id, Expression }: any): number => {
    if (!Expression) return values[Id] ?? NaN;
    const body = Expression.replace(/\[(.*)\]/, '$1').replace(/IF\((.*) < (\d+),/, 'IF(LESS($1, $2),');
    const used = queries.filter((query) => new RegExp(`\\b${query.Id}\\b`).test(body));
    const calculate = new Function(...Object.keys(FUNCTIONS), ...used.map((query) => query.Id), `return ${body}`);
    const result = calculate(...Object.values(FUNCTIONS), ...used.map(value));
    return Number.isFinite(result) ? result : NaN;
  };
  const result = value(queries.find(({ ReturnData }) => ReturnData !== false));
  return Number.isNaN(result) ? undefined : result;
}

const FUNCTIONS = {
  FILL: (given: number, fill: number) => Number.isNaN(given) ? fill : given,
  IF: (condition: number, one: number, other: number) => Number.isNaN(condition) ? NaN : condition ? one : other,
  LESS: (one: number, other: number) => Number.isNaN(one) ? NaN : Number(one < other),
  MAX: (...given: number[]) => Math.max(...given),
};
