/**
 * The word among these that was probably meant: the same but for case, hyphens and underscores, the only one that begins
 * with it, or the nearest by edit distance; undefined where none is near.
 */
export function nearestWord(word: string, known: readonly string[]): string | undefined {
  // A key may be as long as the file; nobody means a word of ours by it.
  if (word.length > 64) return undefined;
  const folded = fold(word);
  const longer = folded.length < 3 ? [] : known.filter((candidate) => fold(candidate).startsWith(folded));
  let nearest: { readonly word: string; readonly distance: number } | undefined;
  for (const candidate of known) {
    const distance = editDistance(folded, fold(candidate));
    if (nearest === undefined || distance < nearest.distance) nearest = { word: candidate, distance };
  }
  // In a word of two or three letters, one wrong letter is too many.
  const allowed = Math.min(Math.max(2, word.length / 3), word.length / 2);
  if (nearest !== undefined && nearest.distance <= Math.min(1, allowed)) return nearest.word;
  if (longer.length === 1) return longer[0];
  return nearest !== undefined && nearest.distance <= allowed ? nearest.word : undefined;
}

function fold(word: string): string {
  return word.toLowerCase().replace(/[_-]/g, '');
}

/** Levenshtein's: how many letters to add, to drop or to change. */
export function editDistance(a: string, b: string): number {
  let above = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let row = 1; row <= a.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= b.length; column += 1) {
      const changed = (above[column - 1] ?? 0) + (a[row - 1] === b[column - 1] ? 0 : 1);
      current.push(Math.min(changed, (above[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1));
    }
    above = current;
  }
  return above[b.length] ?? 0;
}
