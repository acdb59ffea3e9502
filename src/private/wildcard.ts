/** Matches texts that contain these parts in this order, with anything between them. */
export function wildcard(parts: string[], anything: '.*' | '.+'): RegExp {
  return new RegExp(`^${parts.map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join(anything)}$`);
}
