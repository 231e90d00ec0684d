/** A function that computes its value once for each object, and keeps it as long as that is. */
export function oncePer<Key extends object, Value>(compute: (key: Key) => Value): (key: Key) => Value {
  const values = new WeakMap<Key, { readonly value: Value }>();
  return (key) => {
    let known = values.get(key);
    if (known === undefined) {
      known = { value: compute(key) };
      values.set(key, known);
    }
    return known.value;
  };
}
